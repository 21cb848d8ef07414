//! The programs that are compared.

/// A program under comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// `live-data-watcher` of this workspace.
    Ours,
    /// The watcher of baseplate.py.
    Original,
    /// `ld-floor`.
    Floor,
}

impl Subject {
    /// The column of the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Original => "original",
            Self::Floor => "floor",
        }
    }
}
