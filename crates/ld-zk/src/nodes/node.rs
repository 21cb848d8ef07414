//! What is known of a watched node: written by its reader, compared by the audit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::reading::SessionKey;

/// A watched node.
#[derive(Debug)]
pub(crate) struct Node {
    path: Box<str>,
    known: Mutex<Known>,
    /// The node may have changed; see [`Known::hinted`].
    hint: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// What the last reading found, if the node can be compared with that.
    seen: Option<Seen>,
    /// The audit or a poll has asked for a reading since the last one began.
    hinted: bool,
}

/// What a reading found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) session: SessionKey,
    pub(crate) version: Version,
}

/// One state of a node. A node that is deleted and created again has another mzxid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Absent,
    Present { mzxid: i64 },
}

impl From<Option<zookeeper::Stat>> for Version {
    fn from(stat: Option<zookeeper::Stat>) -> Self {
        stat.map_or(Self::Absent, |stat| Self::Present { mzxid: stat.mzxid })
    }
}

impl Node {
    pub(crate) fn new(path: &str) -> Arc<Self> {
        Arc::new(Self { path: path.into(), known: Mutex::default(), hint: Notify::new() })
    }

    /// The path below the chroot.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// A reading begins: what was hinted before is answered by it.
    pub(crate) fn begin_reading(&self) {
        self.known().hinted = false;
    }

    /// A reading has found this; `None` if the node cannot be read.
    pub(crate) fn saw(&self, seen: Option<Seen>) {
        self.known().seen = seen;
    }

    /// What was last seen, if that was in `session`.
    pub(crate) fn seen_in(&self, session: SessionKey) -> Option<Seen> {
        self.known().seen.filter(|seen| seen.session == session)
    }

    /// The node is not what was `seen`, and its watch has not fired.
    pub(crate) fn missed_change(&self, seen: Seen) {
        let mut known = self.known();
        // If the node was read meanwhile, `seen` is older than what is known.
        if known.seen == Some(seen) {
            known.hinted = true;
            drop(known);
            self.hint.notify_one();
        }
    }

    /// Asks for a reading.
    pub(crate) fn ask_for_reading(&self) {
        self.known().hinted = true;
        self.hint.notify_one();
    }

    /// Whether a reading is asked for.
    pub(crate) fn is_hinted(&self) -> bool {
        self.known().hinted
    }

    /// Waits until a reading may be asked for. Cancel-safe.
    pub(crate) async fn hint(&self) {
        self.hint.notified().await;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_change_of_an_older_state_is_no_hint() {
        let node = Node::new("/a");
        let session = SessionKey::unique();
        let old = Seen { session, version: Version::Absent };
        node.saw(Some(old));
        node.saw(Some(Seen { session, version: Version::Present { mzxid: 1 } }));
        node.missed_change(old);
        assert!(!node.is_hinted());
    }

    #[test]
    fn a_hint_during_a_reading_outlasts_it() {
        let node = Node::new("/a");
        let seen = Seen { session: SessionKey::unique(), version: Version::Absent };
        node.saw(Some(seen));
        node.begin_reading();
        node.missed_change(seen);
        node.saw(Some(Seen { version: Version::Present { mzxid: 1 }, ..seen }));
        assert!(node.is_hinted(), "the audit may have seen a later change than the reading");
        node.begin_reading();
        assert!(!node.is_hinted());
    }
}
