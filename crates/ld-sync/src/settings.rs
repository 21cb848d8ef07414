//! The settings of a node but for its names: most nodes have the same, and share them.

use std::sync::Arc;
use std::time::Duration;

use ld_config::{Guards, NodeConfig, OnDelete, OnDrift, Principal};

/// What [`NodeConfig`] says beside name, source and destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The file's owner; `None` is the watcher's effective user.
    pub(crate) owner: Option<Principal>,
    /// The file's group; `None` is the group that a new file gets there.
    pub(crate) group: Option<Principal>,
    /// The permission bits, exact.
    pub(crate) mode: u32,
    /// Whether the file and its directory are flushed to disk.
    pub(crate) fsync: bool,
    pub(crate) drift: OnDrift,
    pub(crate) on_delete: OnDelete,
    /// What content must pass before it is applied.
    pub(crate) guards: Option<Guards>,
    /// The window over which a fleet applies a change; zero for at once.
    pub(crate) window: Duration,
}

impl From<&NodeConfig> for Settings {
    fn from(node: &NodeConfig) -> Self {
        Self {
            owner: node.owner.clone(),
            group: node.group.clone(),
            mode: node.mode,
            fsync: node.fsync,
            drift: node.drift,
            on_delete: node.on_delete,
            guards: (node.guards != Guards::default()).then(|| node.guards.clone()),
            window: node.apply_jitter,
        }
    }
}

impl Settings {
    /// The settings of a node: those of the `former` one, if they are the same.
    pub(crate) fn shared(node: &NodeConfig, former: &mut Option<Arc<Self>>) -> Arc<Self> {
        let settings = Self::from(node);
        let shared = former.take().filter(|former| **former == settings);
        former.insert(shared.unwrap_or_else(|| Arc::new(settings))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_in_a_row_share_what_is_the_same() {
        let node = |mode| NodeConfig { mode, ..NodeConfig::new("n", "/n", "/n") };
        let mut former = None;
        let [one, same, other, last] =
            [0o400, 0o400, 0o440, 0o400].map(|mode| Settings::shared(&node(mode), &mut former));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&same, &other));
        assert_eq!((one.mode, other.mode, last.mode), (0o400, 0o440, 0o400));
    }
}
