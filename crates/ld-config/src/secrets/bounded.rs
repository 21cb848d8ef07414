//! A whole file in memory that is zeroed when it is dropped.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use zeroize::Zeroizing;

use super::SecretsError;

/// The largest file of secrets that is read, in bytes.
pub const MAX_SECRETS_BYTES: usize = 16 * 1024 * 1024;

const FIRST_BYTES: usize = 64 * 1024;

/// Reads the file, up to [`MAX_SECRETS_BYTES`].
pub(super) fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
    read_up_to(file, MAX_SECRETS_BYTES)
}

/// Every buffer on the way is zeroed too, so it grows by hand.
fn read_up_to(file: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
    let unreadable =
        |source: io::Error| SecretsError::Unreadable { file: file.into(), source: Arc::new(source) };
    let mut reader = File::open(file).map_err(unreadable)?;
    let mut buffer = Zeroizing::new(vec![0; FIRST_BYTES]);
    let mut filled = 0;
    loop {
        if filled > limit {
            return Err(SecretsError::TooLarge { file: file.into(), limit });
        }
        if filled == buffer.len() {
            let mut larger = Zeroizing::new(vec![0; (2 * filled).min(limit + 1)]);
            larger[..filled].copy_from_slice(&buffer);
            buffer = larger;
        }
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

/// One member of the object that a file of secrets is.
pub(super) struct Member<T> {
    pub(super) name: &'static str,
    /// What stands for it where it is missing; `None` if it must be there.
    pub(super) absent: Option<T>,
}

/// Reads the member's value. serde_json's own message may quote the text, so only the position is kept.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    file: &Path,
    text: &'a [u8],
    member: Member<T>,
) -> Result<T, SecretsError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    json.deserialize_map(member).and_then(|value| json.end().map(|()| value)).map_err(|error| {
        SecretsError::Malformed { file: file.into(), line: error.line(), column: error.column() }
    })
}

/// By hand, because a derived structure would take a list for an object, and refuse a member that comes twice: as in Python
/// the last one counts.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_up_to_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets");
        let limit = 3 * FIRST_BYTES;
        for size in [0, 1, FIRST_BYTES, FIRST_BYTES + 1, limit] {
            let content: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            std::fs::write(&path, &content).unwrap();
            assert!(*read_up_to(&path, limit).unwrap() == content, "{size}");
        }
        std::fs::write(&path, vec![b'x'; limit + 1]).unwrap();
        assert!(matches!(read_up_to(&path, limit), Err(SecretsError::TooLarge { .. })));
    }
}
