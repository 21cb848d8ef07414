//! What the node's content is now, beside what it becomes.

use ld_cli::Exit;
use ld_config::counted;
use ld_publish::{Diff, DiffOptions, diff};
use ld_s3::{NodePointer, S3Prefix, S3Publisher, Storage};
use ld_tool::{UNLIMITED, colour, failed, on_a_thread, show};
use sha2::{Digest, Sha256};
use tracing::{info, warn};

use super::content::Content;
/// Larger content is not shown.
const MAX_SHOWN: u64 = 8 << 20;

/// The content before the write.
#[derive(Debug)]
enum Old {
    /// All of it.
    Whole(Vec<u8>),
    /// Too large to be shown.
    Large { bytes: u64 },
    /// It cannot be loaded.
    Unknown(String),
}

/// A change of content.
pub(super) struct Change {
    old: Old,
    /// The SHA-256 before the write, where it is known.
    old_sha256: Option<[u8; 32]>,
    /// What the node holds, if that is a pointer.
    pointer: Option<NodePointer>,
    is_same: bool,
}

impl Change {
    /// Finds out what the content behind a node is.
    pub(super) async fn of(node: &[u8], new: &Content, publisher: &S3Publisher) -> Self {
        let (old, pointer) = match NodePointer::find(node) {
            None => (Old::Whole(node.to_vec()), None),
            Some(Err(cause)) => (Old::Unknown(cause.to_string()), None),
            Some(Ok(pointer)) => (behind(&pointer, publisher).await, Some(pointer)),
        };
        let old_sha256 = match &old {
            Old::Whole(content) => Some(Sha256::digest(content).into()),
            Old::Large { .. } | Old::Unknown(_) => pointer.as_ref().and_then(NodePointer::sha256),
        };
        let is_there = match &old {
            Old::Whole(_) => true,
            // Its pointer says so, but the object itself may be another one.
            Old::Large { bytes } => *bytes == new.bytes,
            Old::Unknown(_) => false,
        };
        let is_same = is_there && old_sha256 == Some(new.sha256);
        Self { old, old_sha256, pointer, is_same }
    }

    /// Whether the node points to the new content already, stored in this way.
    pub(super) fn is_stored_as(&self, prefix: &S3Prefix, storage: Storage) -> bool {
        let pointer = self.pointer.as_ref();
        self.is_same && pointer.is_some_and(|pointer| pointer.is_stored_as(prefix, storage))
    }

    /// Whether the pointer in the node has the SHA-256 of the new content. A signature of any other
    /// pointer would not cover the object.
    pub(super) fn names_hash_of(&self, new: &Content) -> bool {
        self.pointer.as_ref().and_then(NodePointer::sha256) == Some(new.sha256)
    }

    /// Shows it: as a difference of lines where both sides are text of at most 8 MiB, and else as
    /// sizes and hashes.
    pub(super) async fn show(self, new: &Content) -> Result<(), Exit> {
        if self.is_same {
            info!("The content is the same. Only the place where it is stored changes.");
            return Ok(());
        }
        let summary = self.summary(new);
        let old = match self.old {
            Old::Whole(old) if new.bytes <= MAX_SHOWN && old.len() as u64 <= MAX_SHOWN => old,
            Old::Unknown(cause) => {
                warn!("The difference cannot be shown: {cause}");
                return show(|| summary).await;
            }
            Old::Whole(_) | Old::Large { .. } => return show(|| summary).await,
        };
        let content = new.clone();
        let new =
            on_a_thread("reading the source", UNLIMITED, move || content.load()).await?.map_err(failed)?;
        let options = DiffOptions::default().colour(colour());
        show(move || match diff(&old, &new, &options) {
            Diff::Binary => summary,
            diff => diff,
        })
        .await
    }

    fn summary(&self, new: &Content) -> Diff {
        let old = match &self.old {
            Old::Whole(content) => Some(content.len() as u64),
            Old::Large { bytes } => Some(*bytes),
            Old::Unknown(_) => None,
        };
        let old = describe(old, self.old_sha256);
        let new = describe(Some(new.bytes), Some(new.sha256));
        Diff::Summary(format!("The change is not shown: {old} become {new}.\n"))
    }
}

fn describe(bytes: Option<u64>, sha256: Option<[u8; 32]>) -> String {
    let size = bytes.map_or_else(|| "unknown content".to_owned(), |bytes| counted(bytes, "byte"));
    let Some(sha256) = sha256 else { return size };
    let hash: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{size} with SHA-256 {hash}")
}

/// The content that a pointer points to.
async fn behind(pointer: &NodePointer, publisher: &S3Publisher) -> Old {
    let bytes = match publisher.size(pointer).await {
        Ok(bytes) if bytes <= MAX_SHOWN => bytes,
        Ok(bytes) => return Old::Large { bytes },
        Err(cause) => return Old::Unknown(cause),
    };
    match publisher.load(pointer, bytes).await {
        Ok(content) => Old::Whole(content),
        Err(cause) => Old::Unknown(cause.to_string()),
    }
}
