//! The bytes of a node on their way to a file, and whose memory budget they count against.

use std::fmt;
use std::sync::Arc;

use ld_zk::NodeData;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Content that waits for another attempt may take this much memory in all; beyond it a node is read again
/// instead. Without it a full disk would either read the same nodes for ever or stop the reads of healthy ones.
const HELD_BYTES: usize = 16 << 20;

/// One version of a node's content.
pub(crate) enum Content {
    /// As it was read; counts against the budget of reads in flight.
    Read(NodeData),
    /// Kept for another attempt; counts against [`HELD_BYTES`].
    Held { bytes: Vec<u8>, _room: OwnedSemaphorePermit },
}

impl Content {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Read(data) => data,
            Self::Held { bytes, .. } => bytes,
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.bytes().len())
    }
}

/// The room for content that waits for another attempt.
#[derive(Clone)]
pub(crate) struct Holdings {
    room: Arc<Semaphore>,
}

impl Default for Holdings {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(HELD_BYTES)) }
    }
}

impl Holdings {
    /// Keeps `content` without the budget of reads in flight; `None` if there is no room for it.
    pub(crate) fn hold(&self, content: Content) -> Option<Content> {
        let Content::Read(data) = content else { return Some(content) };
        let bytes = u32::try_from(data.len()).ok()?;
        let room = self.room.clone().try_acquire_many_owned(bytes).ok()?;
        Some(Content::Held { bytes: data.into_bytes(), _room: room })
    }
}
