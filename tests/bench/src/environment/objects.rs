//! The objects that pointers lead to, on a server with the rules of S3.

use std::sync::Arc;

use ld_testkit::{S3Server, s3_variables, sse_c_headers};

/// The key of all objects.
const SSE_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The objects of one set of nodes.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    server: Arc<S3Server>,
    bucket: &'static str,
}

impl Objects {
    pub(super) fn new(server: &Arc<S3Server>, bucket: &'static str) -> Self {
        Self { server: Arc::clone(server), bucket }
    }

    /// Stores the object of a version, and removes that of the version before. Returns the pointer.
    pub(super) fn put(&self, node: usize, version: u32, content: Vec<u8>) -> Vec<u8> {
        if let Some(former) = version.checked_sub(1) {
            self.server.remove(&self.place(node, former));
        }
        self.server.put(&self.place(node, version), content, Some(SSE_KEY));
        let bucket = self.bucket;
        let fields =
            format!(r#""bucket_name": "{bucket}", "region_name": "us-east-1", "sse_key": "{SSE_KEY}""#);
        format!(r#"{{"live_data_watcher_load_type": "S3", {fields}, "file_key": "{}"}}"#, key(node, version))
            .into_bytes()
    }

    /// What a subject needs to know of the server.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let region = ("AWS_DEFAULT_REGION", "us-east-1".to_owned());
        s3_variables(self.server.address()).into_iter().chain([region])
    }

    /// The URL of an object, and the headers of a request for it.
    pub(super) fn request(&self, node: usize, version: u32) -> (String, [String; 3]) {
        let headers = sse_c_headers(SSE_KEY).map(|(name, value)| format!("{name}: {value}"));
        (format!("{}/{}", self.server.url(), self.place(node, version)), headers)
    }

    fn place(&self, node: usize, version: u32) -> String {
        format!("{}/{}", self.bucket, key(node, version))
    }
}

fn key(node: usize, version: u32) -> String {
    format!("node-{node:06}/{version}")
}
