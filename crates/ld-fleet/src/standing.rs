//! Whether a host has what a node holds.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, NodeReport};

/// How a host stands to what it is meant to have. The order is from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Standing {
    /// It has it, and all is well.
    Good,
    /// All is well there, but it was not compared with what it is meant to have.
    Uncompared,
    /// It does not have it yet.
    Lagging,
    /// Something is wrong there.
    Bad,
    /// Its report cannot be read.
    Unreadable,
}

impl Standing {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Uncompared => "uncompared",
            Self::Lagging => "lagging",
            Self::Bad => "bad",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The content that a node holds, or that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The transaction that made the node so; `None`: the node does not exist.
    pub mzxid: Option<i64>,
    /// The hash of the content, if it is known.
    pub hash: Option<ContentHash>,
}

impl Wanted {
    /// What a node with this mzxid holds.
    pub fn version(mzxid: Option<i64>) -> Self {
        Self { mzxid, hash: None }
    }

    /// This content, in this version or any other.
    pub fn content(mzxid: i64, content: &[u8]) -> Self {
        Self { mzxid: Some(mzxid), hash: Some(ContentHash::of(content)) }
    }

    /// How a host that says this stands to it.
    pub fn standing(&self, node: &NodeReport) -> Standing {
        if node.state.is_bad() {
            return Standing::Bad;
        }
        let same_content = self.hash.is_some() && node.hash == self.hash;
        let same_version = self.mzxid.is_some() && node.mzxid == self.mzxid;
        // A file may be kept after its node was deleted.
        let is_absent = self.mzxid.is_none() && node.state != crate::NodeState::Current;
        if node.state.is_good() && (same_content || same_version || is_absent) {
            Standing::Good
        } else {
            Standing::Lagging
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeState;

    fn node(state: NodeState, mzxid: Option<i64>, content: Option<&[u8]>) -> NodeReport {
        let mut node = NodeReport::new("/a", state, 0);
        (node.mzxid, node.hash) = (mzxid, content.map(ContentHash::of));
        node
    }

    #[test]
    fn a_host_has_the_version_or_the_content() {
        let wanted = Wanted::content(7, b"new");
        let standing = |state, mzxid, content| wanted.standing(&node(state, mzxid, content));
        assert_eq!(standing(NodeState::Current, Some(7), None), Standing::Good);
        // Content that was written again has another version.
        assert_eq!(standing(NodeState::Current, Some(5), Some(b"new")), Standing::Good);
        assert_eq!(standing(NodeState::Current, Some(8), Some(b"newer")), Standing::Lagging);
        assert_eq!(standing(NodeState::Current, Some(5), Some(b"old")), Standing::Lagging);
        assert_eq!(standing(NodeState::Delayed, Some(5), Some(b"old")), Standing::Lagging);
        assert_eq!(standing(NodeState::Rejected, Some(5), Some(b"old")), Standing::Bad);
        assert_eq!(standing(NodeState::HookFailed, Some(7), Some(b"new")), Standing::Bad);
    }

    #[test]
    fn a_version_is_not_taken_for_another() {
        let wanted = Wanted::version(Some(7));
        let standing = |mzxid| wanted.standing(&node(NodeState::Current, mzxid, None));
        assert_eq!(standing(Some(7)), Standing::Good);
        assert_eq!([Some(8), Some(6), None].map(standing), [Standing::Lagging; 3]);
    }

    #[test]
    fn a_deleted_node_is_absent_or_kept() {
        let wanted = Wanted::version(None);
        let standing = |state, mzxid| wanted.standing(&node(state, mzxid, None));
        assert_eq!(standing(NodeState::Absent, None), Standing::Good);
        assert_eq!(standing(NodeState::Kept, Some(3)), Standing::Good);
        assert_eq!(standing(NodeState::Current, Some(3)), Standing::Lagging);
    }
}
