//! The nodes of a hostile server, in memory.

use std::collections::BTreeMap;

use crate::zookeeper::record::Record;

/// The first zxid. Those of a real ensemble are large, too.
const FIRST_ZXID: i64 = 0x1_0000_0000;

/// A node's data and stat.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) data: Vec<u8>,
    pub(super) czxid: i64,
    pub(super) mzxid: i64,
    pub(super) pzxid: i64,
    pub(super) version: i32,
    /// The session that made it, if it is ephemeral; 0 otherwise.
    pub(super) owner: i64,
}

/// All nodes by path. The root always exists.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
    zxid: i64,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: BTreeMap::from([("/".to_owned(), Node::default())]), zxid: FIRST_ZXID }
    }
}

impl Tree {
    /// The zxid of the last change.
    pub(super) fn zxid(&self) -> i64 {
        self.zxid
    }

    /// Sets the zxid of the last change: the next one gets `zxid` plus 1.
    pub(super) fn set_zxid(&mut self, zxid: i64) {
        self.zxid = zxid;
    }

    /// Removes all nodes but the root.
    pub(super) fn wipe(&mut self) {
        self.nodes.retain(|path, _| path == "/");
    }

    pub(super) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Creates the node or changes its data; returns whether it was created.
    pub(super) fn set(&mut self, path: &str, data: &[u8]) -> bool {
        self.zxid += 1;
        let zxid = self.zxid;
        if let Some(node) = self.nodes.get_mut(path) {
            (node.data, node.mzxid) = (data.to_vec(), zxid);
            node.version += 1;
            return false;
        }
        let node = Node { data: data.to_vec(), czxid: zxid, mzxid: zxid, pzxid: zxid, version: 0, owner: 0 };
        self.nodes.insert(path.to_owned(), node);
        self.children_changed(path);
        true
    }

    /// Makes the node an ephemeral one of `session`. It does not go with that.
    pub(super) fn set_owner(&mut self, path: &str, session: i64) {
        if let Some(node) = self.nodes.get_mut(path) {
            node.owner = session;
        }
    }

    /// Deletes the node; returns whether it existed.
    pub(super) fn delete(&mut self, path: &str) -> bool {
        let existed = self.nodes.remove(path).is_some();
        if existed {
            self.zxid += 1;
            self.children_changed(path);
        }
        existed
    }

    /// The names of the direct children.
    pub(super) fn children(&self, path: &str) -> Vec<String> {
        self.nodes.keys().filter_map(|node| child_name(path, node)).map(str::to_owned).collect()
    }

    /// The stat of a node as in replies: 68 bytes.
    pub(super) fn stat(&self, path: &str, node: &Node) -> Record {
        let children = i32::try_from(self.children(path).len()).expect("a tree of a test is small");
        let length = i32::try_from(node.data.len()).expect("a node of a test is below 2 GiB");
        Record::default()
            .long(node.czxid)
            .long(node.mzxid)
            .long(0)
            .long(0)
            .int(node.version)
            .int(0)
            .int(0)
            .long(node.owner)
            .int(length)
            .int(children)
            .long(node.pzxid)
    }

    fn children_changed(&mut self, path: &str) {
        let zxid = self.zxid;
        if let Some(parent) = self.nodes.get_mut(parent(path)) {
            parent.pzxid = zxid;
        }
    }
}

/// The path of the parent.
pub(super) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(end) => &path[..end],
    }
}

fn child_name<'a>(path: &str, node: &'a str) -> Option<&'a str> {
    let rest = node.strip_prefix(path.trim_end_matches('/'))?.strip_prefix('/')?;
    (!rest.is_empty() && !rest.contains('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_the_direct_ones() {
        let mut tree = Tree::default();
        for path in ["/a", "/a/b", "/a/b/c", "/ab"] {
            assert!(tree.set(path, b""));
        }
        assert_eq!(tree.children("/"), ["a", "ab"]);
        assert_eq!(tree.children("/a"), ["b"]);
        assert_eq!(tree.children("/ab"), [""; 0]);
    }

    #[test]
    fn each_change_has_a_higher_zxid() {
        let mut tree = Tree::default();
        tree.set("/a", b"1");
        let first = tree.get("/a").unwrap().mzxid;
        assert!(!tree.set("/a", b"2"));
        let node = tree.get("/a").unwrap();
        assert!(node.mzxid > first && node.czxid == first && node.version == 1);
        assert!(tree.delete("/a") && !tree.delete("/a"));
        assert_eq!(tree.stat("/", tree.get("/").unwrap()).into_bytes().len(), 68);
    }
}
