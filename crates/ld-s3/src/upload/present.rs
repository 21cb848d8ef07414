//! What a node holds before it is written: a pointer, and the object behind it.

use std::fmt;

use ld_sync::pointer_in;

use super::prefix::S3Prefix;
use super::publisher::S3Publisher;
use super::version::Storage;
use crate::failure::{Failure, Kind};
use crate::pointer::{Pointer, mask_sse_keys};

/// How often an object is asked for at most.
const ATTEMPTS: u32 = 3;

/// Content of a node that is a pointer. `Debug` and `Display` show no key.
pub struct NodePointer(Pointer);

impl NodePointer {
    /// The pointer that `content` is, if it is one.
    ///
    /// # Errors
    ///
    /// It is one that no watcher can load. The reason names the field.
    pub fn find(content: &[u8]) -> Option<Result<Self, String>> {
        let json = pointer_in(content)?;
        Some(Pointer::parse(&json).map(Self))
    }

    /// The content with `***` in place of each `sse_key`, if it is a pointer, valid or not.
    pub fn masked(content: &[u8]) -> Option<String> {
        pointer_in(content).map(|json| mask_sse_keys(&json))
    }

    /// The SHA-256 of the content, if the pointer has it.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        self.0.sha256
    }

    /// Whether objects below `prefix` with this storage have such a pointer.
    pub fn is_stored_as(&self, prefix: &S3Prefix, storage: Storage) -> bool {
        let Pointer { bucket, key, sse_key, shards, .. } = &self.0;
        prefix.contains(bucket, key)
            && sse_key.is_some() == storage.sse_c
            && shards.count() == storage.shards.max(1)
    }
}

impl fmt::Display for NodePointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for NodePointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodePointer({})", self.0)
    }
}

impl S3Publisher {
    /// The size of the object that a pointer points to.
    ///
    /// # Errors
    ///
    /// Why it cannot be found out.
    pub async fn size(&self, pointer: &NodePointer) -> Result<u64, String> {
        self.attempt(async || self.loader.size(&pointer.0).await).await
    }

    /// Loads the object that a pointer points to, at most `max_bytes`.
    ///
    /// # Errors
    ///
    /// Why it cannot be loaded.
    pub async fn load(&self, pointer: &NodePointer, max_bytes: u64) -> Result<Vec<u8>, String> {
        let load = async || {
            let mut content = Vec::new();
            self.loader.load(&pointer.0, max_bytes, &mut content).await.map(|()| content)
        };
        self.attempt(load).await
    }

    /// Asks again for what failed and may pass at any moment.
    async fn attempt<T>(&self, ask: impl AsyncFn() -> Result<T, Failure>) -> Result<T, String> {
        let mut attempt = 1;
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.kind == Kind::Transient && attempt < ATTEMPTS => attempt += 1,
                Err(failure) => return Err(failure.reason),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTER: &str = r#"{"live_data_watcher_load_type": "S3", "bucket_name": "bkt", "file_key": "live/k",
        "sse_key": "0123456789abcdef0123456789abcdef", "region_name": null, "num_file_shards": 3}"#;

    #[test]
    fn only_a_pointer_is_one_and_a_bad_one_says_why() {
        assert!(NodePointer::find(b"{}").is_none() && NodePointer::masked(b"{}").is_none());
        assert_eq!(NodePointer::find(POINTER.as_bytes()).unwrap().unwrap().to_string(), "s3://bkt/live/k");
        let bad = POINTER.replace("\"bkt\"", "7");
        let error = NodePointer::find(bad.as_bytes()).unwrap().unwrap_err();
        assert_eq!(error, "the pointer to S3 is not valid: 'bucket_name' is not a string");
        assert!(!NodePointer::masked(bad.as_bytes()).unwrap().contains("0123"));
    }

    #[test]
    fn the_storage_of_a_pointer_is_recognised() {
        let pointer = NodePointer::find(POINTER.as_bytes()).unwrap().unwrap();
        let storage = Storage::new().sse_c(true).shards(3);
        let is_stored_as = |prefix: &str, storage| pointer.is_stored_as(&prefix.parse().unwrap(), storage);
        assert!(is_stored_as("s3://bkt/live", storage));
        for (prefix, storage) in [
            ("s3://bkt", storage),
            ("s3://other/live", storage),
            ("s3://bkt/live", storage.sse_c(false)),
            ("s3://bkt/live", storage.shards(2)),
        ] {
            assert!(!is_stored_as(prefix, storage), "{prefix} {storage:?}");
        }
    }

    #[test]
    fn a_pointer_shows_no_key() {
        let pointer = NodePointer::find(POINTER.as_bytes()).unwrap().unwrap();
        assert!(!format!("{pointer:?} {pointer}").contains("0123456789"));
    }
}
