//! Recognises the one content that must never be written as it stands: a pointer to an object in
//! S3.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The key of the original's loader configuration (baseplate.py, `live_data_watcher.py`).
const LOAD_TYPE_KEY: &str = "live_data_watcher_load_type";

/// Why a pointer is rejected without a loader.
pub(crate) const NOT_LOADED: &str = "the node points to an object in S3, which this program does not load";

/// The JSON of a pointer, if `content` is one: an object with the load type `S3`. Python's numbers
/// are written in it as [`Loader::parse`](crate::Loader::parse) says.
///
/// The values of all other keys are skipped and not parsed, so neither depth nor a number hides a
/// pointer. As in the original, the last of several equal keys counts, content that is not UTF-8 or
/// not JSON is no pointer, and `NaN` and `Infinity`, which Python takes for JSON, are taken too.
pub fn pointer_in(content: &[u8]) -> Option<Cow<'_, str>> {
    // Most content ends here, at the speed of a memory scan. Only an escape can spell the key
    // differently.
    let spelled = memchr::memmem::find(content, LOAD_TYPE_KEY.as_bytes()).is_some();
    if !spelled && memchr::memmem::find(content, br"\u").is_none() {
        return None;
    }
    let text = std::str::from_utf8(content).ok()?;
    if let Ok(is_pointer) = load_type_is_s3(text) {
        return is_pointer.then_some(Cow::Borrowed(text));
    }
    let json = without_python_numbers(text);
    load_type_is_s3(&json).is_ok_and(|is_pointer| is_pointer).then_some(Cow::Owned(json))
}

fn load_type_is_s3(text: &str) -> serde_json::Result<bool> {
    let mut json = serde_json::Deserializer::from_str(text);
    let found = json.deserialize_map(LoadType)?;
    json.end()?;
    Ok(found)
}

struct LoadType;

impl<'de> Visitor<'de> for LoadType {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            if is_string(key, LOAD_TYPE_KEY) {
                found = is_string(value, "S3");
            }
        }
        Ok(found)
    }
}

/// Whether the JSON is the string `expected`, however it is spelled.
fn is_string(json: &RawValue, expected: &str) -> bool {
    serde_json::from_str::<Cow<'_, str>>(json.get()).is_ok_and(|text| text == expected)
}

/// The text with `NaN`, `Infinity` and `-Infinity` outside strings written as values that JSON
/// knows and that act alike where a number is asked for.
fn without_python_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, piece) in split_strings(text).enumerate() {
        if index % 2 == 0 {
            out.push_str(
                &piece.replace("-Infinity", "0").replace("Infinity", "\"Infinity\"").replace("NaN", "null"),
            );
        } else {
            out.push_str(piece);
        }
    }
    out
}

/// Pieces of JSON text that lie outside and inside string literals, in turn; the quotes go with the
/// inside.
fn split_strings(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    let mut inside = false;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if inside { string_end(rest) } else { rest.find('"').unwrap_or(rest.len()) };
        inside = !inside;
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(piece)
    })
}

/// The length of the string literal at the start of `text`, with both quotes.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_s3_load_type_is_a_pointer_however_it_is_spelled() {
        for content in [
            r#"{"live_data_watcher_load_type": "S3", "file_key": "k"}"#.to_owned(),
            " \n{\"a\":1,\"live_data_watcher_load_type\":\"S3\"}\n".to_owned(),
            r#"{"live_data\u005fwatcher_load_type": "\u00533"}"#.to_owned(),
            r#"{"live_data_watcher_load_type": "PASSTHROUGH", "live_data_watcher_load_type": "S3"}"#
                .to_owned(),
            r#"{"live_data_watcher_load_type": 1e999999, "live_data_watcher_load_type": "S3"}"#.to_owned(),
            r#"{"\ud800": "\ud800", "live_data_watcher_load_type": "S3"}"#.to_owned(),
            r#"{"a": NaN, "b": [-Infinity, Infinity], "c\"": "NaN", "live_data_watcher_load_type": "S3"}"#
                .to_owned(),
            format!(r#"{{"n": {}, "live_data_watcher_load_type": "S3"}}"#, "9".repeat(5_000)),
            format!(
                r#"{{"deep": {}{}, "live_data_watcher_load_type": "S3"}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
        ] {
            assert!(pointer_in(content.as_bytes()).is_some(), "{}", &content[..content.len().min(120)]);
        }
    }

    #[test]
    fn anything_else_is_written_as_it_is() {
        for content in [
            &b""[..],
            b"S3",
            b"{}",
            br#"{"live_data_watcher_load_type": "s3"}"#,
            br#"{"live_data_watcher_load_type": ["S3"]}"#,
            br#"{"live_data_watcher_load_type": null}"#,
            br#"{"live_data_watcher_load_type": "S3", "live_data_watcher_load_type": "PASSTHROUGH"}"#,
            br#"{"inner": {"live_data_watcher_load_type": "S3"}}"#,
            br#"[{"live_data_watcher_load_type": "S3"}]"#,
            br#"{"live_data_watcher_load_type": "S3"} trailing"#,
            br#"{"live_data_watcher_load_type": "S3""#,
            b"{\"live_data_watcher_load_type\": \"S3\", \"bad\": \"\xff\"}",
            b"\xef\xbb\xbf{\"live_data_watcher_load_type\": \"S3\"}",
        ] {
            assert!(pointer_in(content).is_none(), "{}", String::from_utf8_lossy(content));
        }
    }
}
