//! A pointer without its secret, for people.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;

use super::fields::Key;

/// What takes the place of a secret.
const MASK: &str = "\"***\"";

/// The JSON object with each `sse_key` masked, and all else as it stands. An `sse_key` of `null`
/// stays. Text that is no object is masked as a whole.
pub(crate) fn mask_sse_keys(json: &str) -> String {
    let Ok(secrets) = serde_json::Deserializer::from_str(json).deserialize_map(Secrets { json }) else {
        return MASK.to_owned();
    };
    let (mut masked, mut end) = (String::with_capacity(json.len()), 0);
    for Range { start, end: next } in secrets {
        masked.push_str(&json[end..start]);
        masked.push_str(MASK);
        end = next;
    }
    masked + &json[end..]
}

/// Where the secrets of an object are.
struct Secrets<'a> {
    json: &'a str,
}

impl<'de> Visitor<'de> for Secrets<'de> {
    type Value = Vec<Range<usize>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut secrets = Vec::new();
        while let Some((key, value)) = map.next_entry::<Key, &'de RawValue>()? {
            if key.is("sse_key") && value.get() != "null" {
                // The value is a part of the text.
                let start = value.get().as_ptr() as usize - self.json.as_ptr() as usize;
                secrets.push(start..start + value.get().len());
            }
        }
        Ok(secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_key_is_masked_and_nothing_else() {
        for (json, masked) in [
            (r#"{"a": 1, "sse_key": "secret", "b":[2] }"#, r#"{"a": 1, "sse_key": "***", "b":[2] }"#),
            (r#"{"sse\u005fkey":"secret"}"#, r#"{"sse\u005fkey":"***"}"#),
            (r#"{"sse_key": "one", "sse_key": ["secret"]}"#, r#"{"sse_key": "***", "sse_key": "***"}"#),
            (r#"{"sse_key": null}"#, r#"{"sse_key": null}"#),
            (
                "{\"\u{fc}\": \"\u{fc}\",\n \"sse_key\" : 7}\n",
                "{\"\u{fc}\": \"\u{fc}\",\n \"sse_key\" : \"***\"}\n",
            ),
            ("no object: secret", "\"***\""),
        ] {
            assert_eq!(mask_sse_keys(json), masked);
        }
    }
}
