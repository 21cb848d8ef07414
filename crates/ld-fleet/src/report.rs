//! What one host says of its nodes.

use crate::ContentHash;

/// The longest reason that a report gives: 300 bytes. The rest is cut off.
pub const MAX_REASON_BYTES: usize = 300;

/// What one host says of its nodes.
///
/// It is what the host claims. Only its name is proven, by the node that holds the report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The name of the host: `fleet.host`.
    pub host: String,
    /// The version of its watcher.
    pub version: String,
    /// When its watcher started, in seconds since 1970.
    pub started: u64,
    /// Its nodes: first those that are not good, then the others.
    pub nodes: Vec<NodeReport>,
    /// How many nodes the report had no room for.
    pub omitted: u64,
}

/// What a host says of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeReport {
    /// The path of the node, below the chroot. Two nodes of a host may have one path.
    pub path: String,
    /// The transaction that last changed the content that the host has; `None` if it has none.
    pub mzxid: Option<i64>,
    /// The hash of that content.
    pub hash: Option<ContentHash>,
    /// The state of the node and its file.
    pub state: NodeState,
    /// When it entered that state, in seconds since 1970.
    pub since: u64,
    /// Why it is not good, at most [`MAX_REASON_BYTES`].
    pub reason: Option<String>,
    /// Whether the host takes part in staged rollouts of the node.
    pub rollout: bool,
    /// Why it does not, if its configuration says that it does; at most [`MAX_REASON_BYTES`].
    pub no_rollout: Option<String>,
}

/// The state of a node on a host: that of the engine, and that of the node's hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NodeState {
    /// The file could not be written, removed or touched.
    Failing,
    /// The content must not be written; the last good file stays.
    Rejected,
    /// The file is right, but its hook did not succeed.
    HookFailed,
    /// Another process changed the file.
    Drifted,
    /// The node cannot be read.
    Unreadable,
    /// The answer of the ensemble cannot be trusted.
    Unverified,
    /// Nothing was read yet.
    Waiting,
    /// A change waits for its part of `apply_jitter`.
    Delayed,
    /// The node was deleted, and its file stays.
    Kept,
    /// Neither the node nor the file exists.
    Absent,
    /// The file holds what the node held when it was last read.
    Current,
    /// A state that this version does not know.
    Unknown,
}

/// The states with their words.
const STATES: [(NodeState, &str); 12] = [
    (NodeState::Failing, "failing"),
    (NodeState::Rejected, "rejected"),
    (NodeState::HookFailed, "hook-failed"),
    (NodeState::Drifted, "drifted"),
    (NodeState::Unreadable, "unreadable"),
    (NodeState::Unverified, "unverified"),
    (NodeState::Waiting, "waiting"),
    (NodeState::Delayed, "delayed"),
    (NodeState::Kept, "kept"),
    (NodeState::Absent, "absent"),
    (NodeState::Current, "current"),
    (NodeState::Unknown, "unknown"),
];

impl Report {
    /// A report without nodes. `started` is in seconds since 1970.
    pub fn new(host: impl Into<String>, version: impl Into<String>, started: u64) -> Self {
        Self { host: host.into(), version: version.into(), started, nodes: Vec::new(), omitted: 0 }
    }

    /// What it says of the node at `path`.
    pub fn nodes_at<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a NodeReport> {
        self.nodes.iter().filter(move |node| node.path == path)
    }
}

impl NodeReport {
    /// A node without content. `since` is in seconds since 1970.
    pub fn new(path: impl Into<String>, state: NodeState, since: u64) -> Self {
        let path = path.into();
        Self { path, mzxid: None, hash: None, state, since, reason: None, rollout: false, no_rollout: None }
    }

    /// The same, and this is why no rollout is followed: the start of the text if it is too long.
    #[must_use]
    pub fn without_rollout(mut self, why: &str) -> Self {
        (self.rollout, self.no_rollout) = (false, Some(start(why, MAX_REASON_BYTES).to_owned()));
        self
    }

    /// The same with a reason, of which the start is kept if it is too long.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(start(reason, MAX_REASON_BYTES).to_owned());
        self
    }
}

impl NodeState {
    /// The word in reports and tables.
    pub fn as_str(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("unknown", |(_, word)| word)
    }

    /// The state with this word; [`NodeState::Unknown`] for a word that this version does not know.
    pub fn from_word(word: &str) -> Self {
        STATES.iter().find(|(_, known)| *known == word).map_or(Self::Unknown, |(state, _)| *state)
    }

    /// Whether the file is as the ensemble and the configuration want it, and its hook succeeded.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Current | Self::Absent | Self::Kept)
    }

    /// Whether the node is neither good nor failed: it will be one of both by itself.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Waiting | Self::Delayed)
    }

    /// Whether something is wrong.
    pub fn is_bad(self) -> bool {
        !self.is_good() && !self.is_pending()
    }
}

/// At most `most` bytes of the text, whole characters.
pub(crate) fn start(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_word() {
        for (state, word) in STATES {
            assert_eq!((state.as_str(), NodeState::from_word(word)), (word, state));
        }
        assert_eq!(NodeState::from_word("new in a later version"), NodeState::Unknown);
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let node = NodeReport::new("/a", NodeState::Failing, 0).because(&"ü".repeat(MAX_REASON_BYTES));
        assert_eq!(node.reason.unwrap().len(), MAX_REASON_BYTES);
        let node = NodeReport::new("/a", NodeState::Failing, 0).because(&format!("a{}", "ü".repeat(200)));
        assert_eq!(node.reason.unwrap().len(), MAX_REASON_BYTES - 1);
    }
}
