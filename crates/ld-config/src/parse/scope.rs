//! Which settings of a file are read.

/// Whose settings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Watcher,
    /// `zookeeper.*`, `secrets.*`, and the nodes without a mistake. Mistakes elsewhere do not stop
    /// the writer, as in the original.
    Writer,
}

impl Scope {
    /// Whether the key is read.
    pub(super) fn covers(self, key: &str) -> bool {
        match self {
            Scope::Watcher => true,
            Scope::Writer => key.starts_with("zookeeper.") || key.starts_with("secrets."),
        }
    }
}
