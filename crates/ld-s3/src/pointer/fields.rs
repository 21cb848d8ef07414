//! The fields of a JSON object, each by itself: one that is not understood spoils no other.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

/// The raw values of an object. Of several equal keys the last one counts, as in Python.
pub(super) struct Fields<'a>(HashMap<Key, &'a RawValue>);

impl<'a> Fields<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, String> {
        // The error would show a part of the text.
        serde_json::from_str(json).map(Self).map_err(|_| "it is not a JSON object".to_owned())
    }

    /// The value as JSON text.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(&Key(name.into())).map(|value| value.get())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A string; `None` if the field is missing or null.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, String> {
        let Some(raw) = self.raw(name).filter(|raw| *raw != "null") else { return Ok(None) };
        serde_json::from_str(raw).map(Some).map_err(|_| format!("'{name}' is not a string"))
    }

    /// A string that must be there.
    pub(super) fn required_text(&self, name: &str) -> Result<String, String> {
        if !self.has(name) {
            return Err(format!("'{name}' is missing"));
        }
        self.text(name)?.ok_or_else(|| format!("'{name}' is not a string"))
    }
}

/// A key, as bytes: a lone surrogate in some other key is legal in Python.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Key(Vec<u8>);

impl Key {
    pub(super) fn is(&self, name: &str) -> bool {
        self.0 == name.as_bytes()
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                Ok(Key(key.to_vec()))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(Key(key.into()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
