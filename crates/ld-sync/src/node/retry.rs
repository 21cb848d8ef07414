//! One state of a node that waits to be tried again.

use std::sync::Arc;
use std::time::Duration;

use ld_file::Existing;
use ld_fleet::ContentHash;
use ld_zk::{Backoff, NodeStat, SessionKey};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::record::Version;
use crate::rounds::Proof;

/// A failed apply is tried again after less than this at first, doubling with full jitter.
const RETRY_FIRST: Duration = Duration::from_millis(100);

/// A failed apply is tried again after this at most.
const RETRY_AT_MOST: Duration = Duration::from_secs(2);

/// A shortage of the process that lasts longer than this is reported.
const SHORTAGE_LIMIT: Duration = Duration::from_secs(5);

/// Content that waits for a check or another attempt may take this many bytes in all; beyond it a
/// node is read again instead. Without the limit a full disk would either read the same nodes again
/// and again or stop the reads of healthy ones.
const HELD_BYTES: usize = 16 << 20;

/// Content of a node on its way to the file.
pub(super) struct Attempt {
    pub(super) content: Arc<Vec<u8>>,
    pub(super) session: SessionKey,
    pub(super) stat: NodeStat,
    pub(super) hash: Option<ContentHash>,
    pub(super) aim: Aim,
    /// The proof from the moment of the read.
    pub(super) proof: Proof,
    /// Its share of the memory for held contents.
    pub(super) memory: Option<OwnedSemaphorePermit>,
}

/// One state of a node, without its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct StateOfNode {
    pub(super) version: Version,
    /// When the node came to be so, in milliseconds since 1970.
    pub(super) mtime: i64,
    pub(super) session: SessionKey,
}

/// What is done with content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// Make the file hold it. With `touch` a file that holds it already gets its heartbeat.
    Apply { existing: Existing, touch: bool },
    /// See whether the file holds it, and change nothing.
    Compare,
}

impl Attempt {
    pub(super) fn applied(&self) -> StateOfNode {
        StateOfNode::new(&self.stat, self.content.len() as u64, self.hash, self.session)
    }
}

impl StateOfNode {
    /// A state in which the file holds `bytes`.
    pub(super) fn new(stat: &NodeStat, bytes: u64, hash: Option<ContentHash>, session: SessionKey) -> Self {
        Self { version: Version { mzxid: stat.mzxid, bytes, hash }, mtime: stat.mtime, session }
    }
}

/// The memory for content that waits for a check or another attempt.
pub(crate) struct HeldContent(Arc<Semaphore>);

impl Default for HeldContent {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HELD_BYTES)))
    }
}

impl HeldContent {
    /// Reserves memory for `bytes`, or all of it for more than that; `None` if it is taken.
    pub(super) fn reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes.min(HELD_BYTES)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(bytes).ok()
    }

    /// Keeps an attempt for another try; `None` if there is no memory for it.
    pub(super) fn hold(&self, mut attempt: Attempt) -> Option<Attempt> {
        if attempt.content.len() > HELD_BYTES {
            return None;
        }
        if attempt.memory.is_none() {
            attempt.memory = Some(self.reserve(attempt.content.len())?);
        }
        Some(attempt)
    }
}

/// What is tried next, and when.
#[derive(Default)]
pub(super) struct Retry {
    backoff: Option<Backoff>,
    first_failure: Option<Instant>,
    /// When something is due; `None`: nothing waits.
    pub(super) due: Option<Instant>,
    /// `None` while something waits: the content is not held, so the node is read again.
    attempt: Option<Box<Attempt>>,
}

impl Retry {
    /// Takes what is due; `None`: the node is to be read again.
    pub(super) fn take(&mut self) -> Option<Attempt> {
        self.due = None;
        self.attempt.take().map(|attempt| *attempt)
    }

    /// Tries again after the backoff.
    pub(super) fn later(&mut self, attempt: Option<Attempt>) {
        let backoff = self.backoff.get_or_insert_with(|| Backoff::new(RETRY_FIRST, RETRY_AT_MOST));
        self.due = Some(Instant::now() + backoff.next_delay());
        self.attempt = attempt.map(Box::new);
        self.first_failure.get_or_insert_with(Instant::now);
    }

    /// Reads the node again at `due`.
    pub(super) fn read_at(&mut self, due: Instant) {
        self.due = Some(due);
        self.attempt = None;
    }

    /// A newer state supersedes what waits; the backoff stays.
    pub(super) fn supersede(&mut self) {
        self.due = None;
        self.attempt = None;
    }

    /// Whether the first failed attempt is recent, or none has failed.
    pub(super) fn is_young(&self) -> bool {
        self.first_failure.is_none_or(|first| first.elapsed() < SHORTAGE_LIMIT)
    }
}
