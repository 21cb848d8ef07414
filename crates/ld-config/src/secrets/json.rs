//! The JSON object that a file of secrets is.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use super::error::SecretsError;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One member of the object that a file of secrets is.
pub(super) struct Member<T> {
    pub(super) name: &'static str,
    /// What stands for it where it is missing; `None` if it must be there.
    pub(super) absent: Option<T>,
}

/// Reads the member's value. serde_json's own message may quote the text, so only the position and
/// a reason of our own are kept. `expected` is the form that the file must have.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    file: &Path,
    text: &'a [u8],
    member: Member<T>,
    expected: &'static str,
) -> Result<T, SecretsError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = json.deserialize_map(member).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| SecretsError::Malformed {
        file: file.into(),
        problem: reason(text, error.classify(), expected),
        line: error.line(),
        column: error.column(),
    })
}

fn reason(text: &[u8], category: Category, expected: &'static str) -> Cow<'static, str> {
    if text.starts_with(BYTE_ORDER_MARK) {
        return "a byte order mark (save it as UTF-8 without one)".into();
    }
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    match (first, category) {
        (None, _) => "an empty file".into(),
        (Some(b'['), Category::Data) => format!("a list (expected {expected})").into(),
        (_, Category::Data) => format!("JSON of another form (expected {expected})").into(),
        _ => "invalid JSON".into(),
    }
}

/// By hand, because a derived structure would take a list for an object, and refuse a member that
/// comes twice. As in Python the last one counts.
impl<'de, T: Deserialize<'de>> Visitor<'de> for Member<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut found = self.absent;
        while let Some(name) = map.next_key::<String>()? {
            if name == self.name {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| A::Error::missing_field(self.name))
    }
}
