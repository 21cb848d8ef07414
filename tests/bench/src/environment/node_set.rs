//! Nodes of one size below one parent, and their content.

use std::fmt::Write as _;

use ld_testkit::{Admin, Step};

use super::objects::Objects;
use ld_workspace::Failure;

/// Bytes in one transaction, well below the server's limit for a request.
const TRANSACTION_BYTES: usize = 512 << 10;

/// Bytes of content that is not padding.
const MOST_FEATURES: usize = 1 << 20;

/// Numbered nodes with their version in the content. They are created when first needed, and stay.
#[derive(Debug)]
pub(crate) struct NodeSet {
    parent: &'static str,
    bytes: usize,
    versions: Vec<u32>,
    /// Where the content is, if the nodes hold pointers to it.
    objects: Option<Objects>,
}

impl NodeSet {
    /// An empty set. Each node will have exactly `bytes` bytes of JSON.
    pub(super) fn new(parent: &'static str, bytes: usize) -> Self {
        Self { parent, bytes, versions: Vec::new(), objects: None }
    }

    /// The same, with pointers to objects of exactly `bytes` bytes.
    pub(super) fn pointing(parent: &'static str, bytes: usize, objects: Objects) -> Self {
        Self { objects: Some(objects), ..Self::new(parent, bytes) }
    }

    /// The environment variables that a subject needs for these nodes.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        self.objects.iter().flat_map(Objects::variables).collect()
    }

    /// The URL of a node's object, and the headers of a request for it.
    pub(crate) fn request(&self, node: usize) -> (String, [String; 3]) {
        let objects = self.objects.as_ref().expect("these nodes point to objects");
        objects.request(node, self.versions[node])
    }

    /// The path of a node, of a length that is common in practice.
    pub(super) fn path(&self, node: usize) -> String {
        format!("{}/node-{node:06}", self.parent)
    }

    /// The current content of a node, or of what it points to.
    pub(super) fn content(&self, node: usize) -> Vec<u8> {
        content(node, self.versions[node], self.bytes)
    }

    /// Creates those of the first `count` nodes that do not exist.
    pub(super) fn grow(&mut self, admin: &Admin, count: usize) -> Result<(), Failure> {
        if self.versions.is_empty() {
            admin
                .create_all(self.parent, "")
                .map_err(Failure::doing("cannot create the parent of the nodes"))?;
        }
        let first = self.versions.len();
        self.versions.resize(count.max(first), 0);
        self.transact(admin, first..count, |path, data| Step::Create { path, data })
    }

    /// Gives nodes their next version. The changes of one transaction take effect at once.
    pub(super) fn change(
        &mut self,
        admin: &Admin,
        nodes: impl IntoIterator<Item = usize> + Clone,
    ) -> Result<(), Failure> {
        nodes.clone().into_iter().for_each(|node| self.versions[node] += 1);
        self.transact(admin, nodes, |path, data| Step::Set { path, data })
    }

    /// Gives one node its next version, and returns after the acknowledgement.
    pub(super) fn change_one(&mut self, admin: &Admin, node: usize) -> Result<(), Failure> {
        self.versions[node] += 1;
        let (path, data) = (self.path(node), self.data(node));
        admin.set(&path, data).map(drop).map_err(Failure::doing("cannot write a node"))
    }

    /// What a node holds. The object of a pointer is stored before.
    fn data(&self, node: usize) -> Vec<u8> {
        let content = self.content(node);
        match &self.objects {
            Some(objects) => objects.put(node, self.versions[node], content),
            None => content,
        }
    }

    fn transact(
        &self,
        admin: &Admin,
        nodes: impl IntoIterator<Item = usize>,
        step: impl Fn(String, Vec<u8>) -> Step,
    ) -> Result<(), Failure> {
        let nodes: Vec<usize> = nodes.into_iter().collect();
        for nodes in nodes.chunks((TRANSACTION_BYTES / self.bytes).max(1)) {
            let steps: Vec<Step> =
                nodes.iter().map(|node| step(self.path(*node), self.data(*node))).collect();
            admin.transaction(&steps).map_err(Failure::doing("cannot write nodes"))?;
        }
        Ok(())
    }
}

/// A JSON object of exactly `bytes` bytes: entries like those of feature flags, then padding.
fn content(node: usize, version: u32, bytes: usize) -> Vec<u8> {
    let mut text = format!(r#"{{"node":{node},"version":{version},"features":["#);
    let tail = r#"],"padding":""}"#;
    for feature in 0.. {
        let length = text.len();
        let comma = if feature == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"{comma}{{"name":"feature-{feature}","enabled":true,"percent":{}}}"#,
            feature % 101
        );
        if text.len() + tail.len() > bytes.min(MOST_FEATURES) {
            text.truncate(length);
            break;
        }
    }
    let padding = bytes.saturating_sub(text.len() + tail.len());
    text.push_str(r#"],"padding":""#);
    text.push_str(&"x".repeat(padding));
    text.push_str(r#""}"#);
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn content_is_json_of_the_requested_size() {
        for bytes in [100, 200, 900_000] {
            let text = content(12, 3, bytes);
            assert_eq!(text.len(), bytes);
            let value: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!((&value["node"], &value["version"]), (&12.into(), &3.into()));
        }
    }

    #[test]
    fn nodes_and_versions_have_different_content() {
        assert_ne!(content(1, 0, 200), content(2, 0, 200));
        assert_ne!(content(1, 0, 200), content(1, 1, 200));
    }
}
