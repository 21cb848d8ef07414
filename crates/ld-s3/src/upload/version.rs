//! One version of content: what its objects are called, how they are encrypted, and the pointer to
//! them.

use std::fmt;

use ld_config::Zeroizing;
use serde::Serialize;

use super::prefix::S3Prefix;
use super::random::{random_key, random_name};
use crate::hex::hex;
use crate::sse::SseKey;

/// How objects are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Storage {
    /// Whether each version is encrypted with a key of its own (SSE-C).
    pub sse_c: bool,
    /// `num_file_shards` of the pointer: the object is stored under the prefixes `1/` to `n-1/`. Up
    /// to 1 it is stored once, without such a prefix.
    pub shards: u64,
}

impl Storage {
    /// Objects that are stored once and not encrypted by the client.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether each version is encrypted with a key of its own (SSE-C).
    #[must_use]
    pub fn sse_c(mut self, sse_c: bool) -> Self {
        self.sse_c = sse_c;
        self
    }

    /// `num_file_shards` of the pointer.
    #[must_use]
    pub fn shards(mut self, shards: u64) -> Self {
        self.shards = shards;
        self
    }
}

/// A version of content that is to be uploaded. `Debug` does not show the key of its encryption.
///
/// Its objects have names of their own: the SHA-256 of the content and, if they are encrypted, a
/// random part. So no version overwrites another one.
pub struct S3Version {
    pub(super) prefix: S3Prefix,
    /// The key of the object without the prefix of a shard.
    pub(super) file_key: String,
    sse_key: Option<Zeroizing<String>>,
    shards: u64,
    /// The SHA-256 of the content.
    pub(super) sha256: [u8; 32],
    /// The size of the content.
    pub(super) bytes: u64,
}

/// The pointer as the original's watcher reads it, and `sha256`.
#[derive(Serialize)]
struct Pointer<'a> {
    live_data_watcher_load_type: &'a str,
    bucket_name: &'a str,
    file_key: &'a str,
    sse_key: Option<&'a str>,
    region_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_file_shards: Option<u64>,
    sha256: String,
}

impl S3Version {
    /// A version of content with this hash and size.
    ///
    /// # Errors
    ///
    /// The system gives no random bytes.
    pub fn new(prefix: &S3Prefix, storage: Storage, sha256: [u8; 32], bytes: u64) -> Result<Self, String> {
        let mut name = hex(&sha256);
        let mut sse_key = None;
        if storage.sse_c {
            let unique = random_name().map_err(no_random_bytes)?;
            name = format!("{name}-{unique}");
            sse_key = Some(random_key().map_err(no_random_bytes)?);
        }
        let (prefix, file_key) = (prefix.clone(), prefix.key(&name));
        Ok(Self { prefix, file_key, sse_key, shards: storage.shards.max(1), sha256, bytes })
    }

    /// The pointer to it, as JSON text. It holds the key of the encryption.
    pub(super) fn pointer(&self, region: &str) -> String {
        let pointer = Pointer {
            live_data_watcher_load_type: "S3",
            bucket_name: self.prefix.bucket.name(),
            file_key: &self.file_key,
            sse_key: self.sse_key.as_ref().map(|key| key.as_str()),
            region_name: region,
            num_file_shards: Some(self.shards).filter(|shards| *shards > 1),
            sha256: hex(&self.sha256),
        };
        // A struct of strings and numbers is always JSON.
        serde_json::to_string(&pointer).unwrap_or_default()
    }

    /// The keys of its objects: one, or one for each shard.
    pub fn keys(&self) -> Vec<String> {
        match self.shards {
            1 => vec![self.file_key.clone()],
            shards => (1..shards).map(|shard| format!("{shard}/{}", self.file_key)).collect(),
        }
    }

    /// How many bytes are sent for all of its objects.
    pub fn bytes_to_send(&self) -> u64 {
        self.bytes.saturating_mul(self.shards.saturating_sub(1).max(1))
    }

    pub(super) fn sse_key(&self) -> Option<SseKey> {
        self.sse_key.as_ref().and_then(|text| SseKey::of_text(text))
    }
}

fn no_random_bytes(error: getrandom::Error) -> String {
    format!("the system gives no random bytes: {error}")
}

impl fmt::Debug for S3Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Version").field("file_key", &self.file_key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pointer::Pointer;

    fn version(storage: Storage) -> S3Version {
        S3Version::new(&"s3://bkt/live".parse().unwrap(), storage, [0xab; 32], 7).unwrap()
    }

    #[test]
    fn a_plain_object_is_called_by_its_hash() {
        let version = version(Storage::new());
        let hash = "ab".repeat(32);
        assert_eq!(version.keys(), [format!("live/{hash}")]);
        let expected = format!(
            r#"{{"live_data_watcher_load_type":"S3","bucket_name":"bkt","file_key":"live/{hash}","sse_key":null,"region_name":"us-east-1","sha256":"{hash}"}}"#
        );
        assert_eq!(version.pointer("us-east-1"), expected);
    }

    #[test]
    fn each_encrypted_version_has_a_name_and_a_key_of_its_own() {
        let storage = Storage::new().sse_c(true);
        let (one, other) = (version(storage), version(storage));
        assert_ne!(one.keys(), other.keys());
        assert_ne!(one.sse_key, other.sse_key);
        assert!(one.file_key.starts_with(&format!("live/{}-", "ab".repeat(32))));
        let shown = format!("{one:?}");
        assert!(!shown.contains(one.sse_key.as_ref().unwrap().as_str()), "{shown}");
    }

    #[test]
    fn shards_are_the_prefixes_of_the_original() {
        let three = version(Storage::new().shards(3));
        let hash = "ab".repeat(32);
        assert_eq!(three.keys(), [format!("1/live/{hash}"), format!("2/live/{hash}")]);
        assert!(three.pointer("eu-west-1").contains(r#""num_file_shards":3"#));
        assert_eq!((three.bytes_to_send(), version(Storage::new().shards(2)).keys().len()), (14, 1));
    }

    #[test]
    fn the_loader_understands_the_pointer() {
        let written = version(Storage::new().sse_c(true).shards(4)).pointer("eu-west-1");
        let read = Pointer::parse(&written).unwrap();
        assert!(read.sse_key.is_some() && read.sha256 == Some([0xab; 32]) && read.shards.count() == 4);
    }
}
