//! One loader, one server, and a sink in memory.

use std::collections::HashMap;
use std::fs::File;
use std::future::pending;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ld_s3::ld_config::S3Config;
use ld_s3::ld_sync::{BoxFuture, LoadError, Loader, Sink};
use ld_s3::{AwsEnvironment, S3Loader, S3Publisher, S3Version, Storage, UploadError, Uploaded};
use ld_testkit::{S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

/// A key of SSE-C.
pub(crate) const SSE_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The size of a part in bytes: content of more than four of them is uploaded in parts.
pub(crate) const PART_SIZE: u64 = 100_000;

/// Longer than all limits of a loader together.
const AT_MOST: Duration = Duration::from_secs(120);

pub(crate) struct Rig {
    pub(crate) server: S3Server,
    variables: HashMap<String, String>,
    config: S3Config,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let server = S3Server::start();
        server.set_least_part(PART_SIZE as usize);
        let url = server.url();
        let rig = Self { server, variables: HashMap::new(), config: S3Config::default() };
        rig.var("AWS_ENDPOINT_URL", &url)
            .var("AWS_ACCESS_KEY_ID", S3_ACCESS_KEY)
            .var("AWS_SECRET_ACCESS_KEY", S3_SECRET_KEY)
            .var("AWS_EC2_METADATA_DISABLED", "true")
    }

    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    pub(crate) fn max_bytes(mut self, bytes: usize) -> Self {
        self.config.max_bytes = bytes;
        self
    }

    pub(crate) fn loader(&self) -> S3Loader {
        S3Loader::with_environment(&self.config, AwsEnvironment::new(self.variables.clone(), None))
    }

    pub(crate) fn publisher(&self) -> S3Publisher {
        let environment = AwsEnvironment::new(self.variables.clone(), None);
        S3Publisher::with_environment(&self.config, environment).part_size(PART_SIZE)
    }

    /// Uploads `content` below `s3://bkt/live`.
    pub(crate) async fn upload(&self, content: &[u8], storage: Storage) -> Result<Uploaded, UploadError> {
        let version = version(content, storage);
        let (file, sent) = (file(content), Arc::default());
        let publisher = self.publisher();
        let upload = publisher.upload(&version, &file, &sent, pending());
        let uploaded = timeout(AT_MOST, upload).await.expect("an upload has limits")?;
        assert_eq!(sent.load(Ordering::Relaxed), version.bytes_to_send());
        Ok(uploaded)
    }

    /// Loads what a pointer points to.
    pub(crate) async fn load(&self, pointer: &str) -> Result<Vec<u8>, LoadError> {
        self.load_by(&self.loader(), pointer).await
    }

    /// The same by a loader that is kept.
    pub(crate) async fn load_by(&self, loader: &S3Loader, pointer: &str) -> Result<Vec<u8>, LoadError> {
        let pointer = loader.parse(pointer).unwrap();
        let mut sink = Memory::default();
        timeout(AT_MOST, pointer.load(None, &mut sink)).await.expect("a load has limits")?;
        Ok(sink.content.expect("a load begins"))
    }
}

/// A version of `content` below `s3://bkt/live`.
pub(crate) fn version(content: &[u8], storage: Storage) -> S3Version {
    let prefix = "s3://bkt/live".parse().unwrap();
    S3Version::new(&prefix, storage, Sha256::digest(content).into(), content.len() as u64).unwrap()
}

/// A file with this content.
pub(crate) fn file(content: &[u8]) -> Arc<File> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    Arc::new(file)
}

/// A pointer to `key` in the bucket `bkt`, with more fields.
pub(crate) fn pointer(key: &str, more: &str) -> String {
    format!(
        r#"{{"live_data_watcher_load_type": "S3", "bucket_name": "bkt", "file_key": "{key}",
            "sse_key": "{SSE_KEY}", "region_name": "us-east-1"{more}}}"#
    )
}

/// Content in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) content: Option<Vec<u8>>,
}

impl Sink for Memory {
    fn start(&mut self) -> BoxFuture<'_, Result<(), LoadError>> {
        self.content = Some(Vec::new());
        Box::pin(async { Ok(()) })
    }

    fn write(&mut self, piece: Vec<u8>) -> BoxFuture<'_, Result<(), LoadError>> {
        self.content.get_or_insert_default().extend(piece);
        Box::pin(async { Ok(()) })
    }
}
