//! What was published in a node before: the contents, their authors, times and reasons.

mod create;
mod entry;
mod error;
mod log;
mod note;
mod prune;
mod record;
mod rollback;
mod store;

use ld_config::PublishConfig;

pub use entry::LogEntry;
pub use error::HistoryError;
pub use log::{Gap, Log, NodeNow};
pub use note::{MAX_AUTHOR_BYTES, MAX_MESSAGE_BYTES, Note};
pub use rollback::Rollback;

/// The directory of all histories, below `publish.root`.
pub(crate) const HISTORY: &str = "history";

/// At most this many nodes are published in one transaction that is recorded: 100.
pub const MAX_GROUP: usize = 100;

/// The history of nodes, below `publish.root`.
///
/// Each publication has a number, which grows. Its entry is created in the transaction that writes
/// the node, so both have the same zxid: there is no publication without an entry, and no entry
/// without its publication. The content is stored before, under its SHA-256.
///
/// A change by another tool has no entry. The next publication keeps its content in an entry of
/// its own ([`LogEntry::is_recorded`] is false then).
#[derive(Debug, Clone)]
pub struct History {
    publish: PublishConfig,
}

/// Where the history of one node is.
struct Place {
    /// The node that each publication writes.
    path: String,
}

impl History {
    /// The history that this configuration names.
    pub fn new(publish: &PublishConfig) -> Self {
        Self { publish: publish.clone() }
    }

    /// Whether publications are recorded: `publish.history` is not 0. A history can be read in any
    /// case.
    pub fn is_kept(&self) -> bool {
        self.publish.history > 0
    }

    /// What `live-data-ctl init` makes.
    fn directory(&self) -> String {
        self.publish.directory(HISTORY)
    }

    fn place(&self, path: &str) -> Place {
        Place { path: self.publish.place_of(HISTORY, path) }
    }
}

impl Place {
    fn contents(&self) -> String {
        format!("{}/contents", self.path)
    }

    fn content(&self, sha256: &str) -> String {
        format!("{}/contents/{sha256}", self.path)
    }

    fn is_content(&self, path: &str) -> bool {
        path.starts_with(&self.content(""))
    }

    fn child(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }
}
