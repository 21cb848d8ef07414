//! The objects that pointers lead to, on a server with the rules of S3.

use std::sync::Arc;

use ld_testkit::{S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};

/// The key of all objects, and the headers that it needs.
const SSE_KEY: &str = "0123456789abcdef0123456789abcdef";
const HEADERS: [&str; 3] = [
    "x-amz-server-side-encryption-customer-algorithm: AES256",
    "x-amz-server-side-encryption-customer-key: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "x-amz-server-side-encryption-customer-key-md5: hRasmdxgYDKV3nvbahU1MA==",
];

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
    pub(super) fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.server.url()),
            ("AWS_ACCESS_KEY_ID", S3_ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", S3_SECRET_KEY.to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// The URL of an object, and the headers of a request for it.
    pub(super) fn request(&self, node: usize, version: u32) -> (String, [&'static str; 3]) {
        (format!("{}/{}", self.server.url(), self.place(node, version)), HEADERS)
    }

    fn place(&self, node: usize, version: u32) -> String {
        format!("{}/{}", self.bucket, key(node, version))
    }
}

fn key(node: usize, version: u32) -> String {
    format!("node-{node:06}/{version}")
}
