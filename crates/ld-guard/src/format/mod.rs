//! Whether bytes parse. Nothing is built from them, so that depth, aliases and numbers cost no
//! memory.

#[cfg(any(feature = "toml", feature = "yaml"))]
mod depth;
#[cfg(feature = "toml")]
mod toml;
#[cfg(feature = "toml")]
mod toml_depth;
#[cfg(feature = "yaml")]
mod yaml;

use std::fmt;

use ld_config::Format;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{Error, Guard};

/// Whether this build knows `format`: TOML and YAML are features of this crate.
pub fn supports(format: Format) -> bool {
    matches!(format, Format::Json | Format::Utf8)
        || (format == Format::Toml && cfg!(feature = "toml"))
        || (format == Format::Yaml && cfg!(feature = "yaml"))
}

/// Parses `content`. The error says where and what, without showing any of it.
///
/// A format without a parser in this build is an error that passes no content.
pub(crate) fn parse(format: Format, content: &[u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(content).map_err(|error| {
        let reason = format!("it is not UTF-8: byte {} does not fit", error.valid_up_to());
        Error::rejected(Guard::Format, reason)
    })?;
    let parsed = match format {
        Format::Utf8 => Ok(()),
        Format::Json => json(text),
        #[cfg(feature = "toml")]
        Format::Toml => toml::parse(text),
        #[cfg(feature = "yaml")]
        Format::Yaml => yaml::parse(text),
        _ => {
            let name = format!("{format:?}").to_lowercase();
            return Err(Error::NotJudged(format!("this program was built without the format {name}")));
        }
    };
    parsed.map_err(|reason| Error::rejected(Guard::Format, reason))
}

fn json(text: &str) -> Result<(), String> {
    serde_json::from_str::<Anything>(text).map(|_| ()).map_err(|error| {
        // The parser's own messages can quote content, so only their beginnings are looked at.
        let message = error.to_string();
        let what = if error.is_eof() {
            "it ends too early"
        } else if message.starts_with("recursion limit exceeded") {
            "it nests more than 127 deep"
        } else if message.starts_with("number out of range") {
            "a number is out of range"
        } else {
            "a syntax error"
        };
        format!("it is not JSON: {what} at line {}, column {}", error.line(), error.column())
    })
}

/// Any value, read and dropped. Unlike serde's `IgnoredAny` it lets the parser look at numbers and
/// depth.
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_that_holds_is_named() {
        for (text, expected) in [
            ("{".to_owned(), "it is not JSON: it ends too early at line 1, column 1"),
            ("{\n 'secret'}".to_owned(), "it is not JSON: a syntax error at line 2, column 2"),
            ("[1,]".to_owned(), "it is not JSON: a syntax error at line 1, column 4"),
            ("1e999".to_owned(), "it is not JSON: a number is out of range at line 1, column 5"),
            ("[".repeat(200), "it is not JSON: it nests more than 127 deep at line 1, column 128"),
        ] {
            assert_eq!(json(&text).unwrap_err(), expected);
        }
    }
}
