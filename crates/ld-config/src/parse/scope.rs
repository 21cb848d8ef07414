//! Which settings of a file are read.

/// Which settings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Everything.
    Watcher,
    /// `zookeeper.*`, `secrets.*`, `s3.*`, `publish.*`, and the nodes with their sources and
    /// guards. As in the original, mistakes in nodes do not stop the writer of another node: they
    /// are told in [`Parsed::node_problems`](crate::Parsed::node_problems). Of the other settings
    /// of a node those with a mistake have their defaults.
    Writer,
}

impl Scope {
    /// Whether the key is read.
    pub(super) fn covers(self, key: &str) -> bool {
        match self {
            Scope::Watcher => true,
            Scope::Writer => {
                ["zookeeper.", "secrets.", "s3.", "publish."].iter().any(|prefix| key.starts_with(prefix))
            }
        }
    }
}
