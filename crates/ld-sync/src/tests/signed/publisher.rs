//! A publisher that signs.

use std::fs;

use ld_config::PublishConfig;
use ld_sign::{SecretKey, Statement};

use crate::tests::rig::Rig;

/// Secret keys of well-known seeds, with the public keys.
pub(crate) const SECRET: (&str, &str) = (
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
     bGl2ZWRhdGGdYbGd7/1aYLqESvSS7CzEREnFaXsyaRlwO6wDHK5/YNdamAGCsQq31Uv+08lk\
     BzoO4XLz2qYjJa8CGmj3B1EasrDsqsp1MXSEbG+/VshiJys3CyvH+g7tOvHvSn8XiSY=",
    "RWRsaXZlZGF0YddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
);
pub(crate) const OTHER: (&str, &str) = (
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
     b3RoZXJrZXlMzQibKP+W2p22w0bsEU4PW4oxnzWrpiTajPbtT7im+z1AF8PoQ4lakrcKp00b\
     frycmCzPLsSWjMDNVfEq9GYM7pxVefBQxpsJAgnjwxZfqtOxIHSwpA2kv17G6ixFipU=",
    "RWRvdGhlcmtleT1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM",
);

pub(crate) struct Publisher {
    secret: SecretKey,
    public: &'static str,
}

impl Publisher {
    pub(crate) fn new(rig: &Rig, (secret, public): (&str, &'static str)) -> Self {
        let path = rig.path("key");
        fs::write(&path, format!("untrusted comment: a key\n{secret}\n")).unwrap();
        let secret = SecretKey::read(&path, None).unwrap();
        fs::remove_file(path).unwrap();
        Self { secret, public }
    }

    pub(crate) fn public(&self) -> &str {
        self.public
    }

    /// The signature of a content of the node at `path`.
    pub(crate) fn signature(&self, content: &str, path: &str, counter: u64) -> String {
        self.secret.sign(content.as_bytes(), &Statement::new(path, counter)).unwrap()
    }

    /// Where the signature of a content of `/flags` is.
    pub(crate) fn place(&self, content: &str) -> String {
        ld_sign::place(&PublishConfig::default(), "/flags", &ld_sign::hash(content.as_bytes()))
    }

    /// Puts something in the place of the signature of a content.
    pub(crate) fn put(&self, rig: &Rig, content: &str, signature: &str) {
        rig.memory.set(&self.place(content), signature, 1);
    }

    pub(crate) fn sign(&self, rig: &Rig, content: &str, counter: u64) {
        self.put(rig, content, &self.signature(content, "/flags", counter));
    }

    /// Signs and writes `/flags`.
    pub(crate) fn publish(&self, rig: &Rig, content: &str, mzxid: i64, counter: u64) {
        self.sign(rig, content, counter);
        rig.memory.set("/flags", content, mzxid);
    }
}
