//! One piece of work on one destination.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Claimant;
use super::claims::{Claim, SameFile};
use crate::file::{Content, Depth, Digest, Directory, FileError, FileState, Filled, Owner, Replacement};

/// Whether a file is still known to be current, so that it may be touched. It is asked right before
/// that, since the steps before may hang.
pub type Proof = Arc<dyn Fn() -> bool + Send + Sync>;

/// What to do with one destination.
#[non_exhaustive]
pub enum Work {
    /// Make the file hold this content.
    Apply {
        /// The content.
        content: Arc<Vec<u8>>,
        /// The user and the group that the file must belong to.
        owner: Owner,
        /// What becomes of a file that exists.
        existing: Existing,
        /// A file that needs no change gets its heartbeat at once, if there is a proof for that.
        touch: Option<Proof>,
    },
    /// Put a filled file in place.
    Adopt {
        /// The file, of the same target.
        filled: Filled,
        /// The user and the group that the file must belong to.
        owner: Owner,
        /// What becomes of a file that exists.
        existing: Existing,
    },
    /// The same as [`Compare`](Self::Compare) with content that is not in memory.
    CompareDigest {
        /// The digest of the content.
        digest: Digest,
        /// The user and the group that the file must belong to.
        owner: Owner,
    },
    /// Change nothing: see whether the file holds this content.
    Compare {
        /// The content.
        content: Arc<Vec<u8>>,
        /// The user and the group that the file must belong to.
        owner: Owner,
    },
    /// Make the file not exist.
    Remove(Existing),
    /// Give the file its heartbeat if it is as it was last written.
    Touch(Proof),
    /// See whether the file is as it was last written.
    Verify(Depth),
    /// See whether anything exists at the destination.
    Exists,
}

impl Work {
    /// The work in words, to be followed by the destination's path in a message.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Apply { .. } | Self::Adopt { .. } => "writing",
            Self::Remove(_) => "removing",
            Self::Touch(_) => "touching",
            Self::Compare { .. } | Self::CompareDigest { .. } | Self::Verify(_) | Self::Exists => {
                "looking at"
            }
        }
    }
}

impl Work {
    /// What the file must hold, if the work is about that.
    pub(super) fn content(&self) -> Option<Content<'_>> {
        match self {
            Self::Apply { content, .. } | Self::Compare { content, .. } => Some(Content::Bytes(content)),
            Self::Adopt { filled, .. } => Some(Content::Known(filled.digest())),
            Self::CompareDigest { digest, .. } => Some(Content::Known(*digest)),
            _ => None,
        }
    }

    /// What becomes of a file that exists, if the work changes one.
    pub(super) fn existing(&self) -> Option<Existing> {
        match self {
            Self::Apply { existing, .. } | Self::Adopt { existing, .. } | Self::Remove(existing) => {
                Some(*existing)
            }
            _ => None,
        }
    }
}

/// What becomes of a file that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// It is replaced or removed.
    Replace,
    /// It stays, whatever it is.
    Keep,
    /// It stays for now, unless it holds the content already.
    Delay,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Done {
    /// The file was created or replaced.
    Replaced,
    /// The file held the content already, with the right owner and mode.
    Unchanged,
    /// A file exists, and stays.
    Kept,
    /// Something else than the content exists, and stays for now.
    Delayed,
    /// The file does not hold what it was compared with.
    Different,
    /// The file was removed.
    Removed,
    /// Nothing exists at the destination.
    Missing,
    /// The file got its heartbeat.
    Touched,
    /// The file is as it was last written, or something exists: the answer that the work asked for.
    Verified,
    /// The file is right, but the proof was too old to touch it.
    TooLate,
}

/// Why the work was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// A step on the file failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is in place, but may not survive a power cut. The next [`Work::Apply`] writes it
    /// anew.
    #[error(transparent)]
    NotFlushed(Arc<FileError>),
    /// Another claimant has the file.
    #[error(transparent)]
    SameFile(#[from] SameFile),
    /// Try again later.
    #[error("the system refuses a thread for file work: {0}")]
    NoThread(#[source] std::io::Error),
    /// The job was given back before it began: wait for
    /// [`Queue::responsive`](super::Queue::responsive).
    #[error("the file system does not answer")]
    Stalled,
    /// A bug.
    #[error("the file work failed unexpectedly; please report this as a bug")]
    Panicked,
}

impl JobError {
    /// Whether a permission is missing, which a sandbox takes away, too.
    pub fn is_denied(&self) -> bool {
        match self {
            Self::File(error) => error.is_denied(),
            Self::NotFlushed(error) => error.is_denied(),
            _ => false,
        }
    }

    /// Whether the process, and not this destination, lacks something that comes back by itself.
    pub fn is_shortage(&self) -> bool {
        match self {
            Self::File(error) => error.is_shortage(),
            Self::NoThread(_) => true,
            _ => false,
        }
    }
}

/// What this process knows of a destination. It goes with each job and comes back with its answer,
/// so that two jobs can never work on one destination at a time.
#[derive(Debug, Default)]
pub struct Destination {
    pub(crate) file: FileState,
    /// The directory entry that is claimed.
    pub(crate) claim: Option<Claim>,
}

/// The answer to a job.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// What was done, or why not.
    pub result: Result<Done, JobError>,
    /// What is known of the destination now; it goes with the next job.
    pub destination: Box<Destination>,
}

/// A piece of work on its way through a queue. What a thread has prepared goes with it, so that
/// another thread can finish it when the first one hangs in some other file.
pub(crate) struct Job {
    pub(crate) claimant: Arc<dyn Claimant>,
    pub(crate) work: Work,
    pub(crate) destination: Box<Destination>,
    pub(crate) answer: oneshot::Sender<Answer>,
    pub(crate) progress: Progress,
}

/// How far a job has come.
#[derive(Default)]
pub(crate) enum Progress {
    #[default]
    New,
    /// The temporary file is there.
    Prepared(Box<Replacement>),
    /// The file is in place; its directory is still to be flushed.
    InPlace(Arc<Directory>),
}

impl Job {
    /// Sends the answer. Its receiver may be gone.
    pub(crate) fn finish(self, result: Result<Done, JobError>) {
        let _ = self.answer.send(Answer { result, destination: self.destination });
    }

    /// How many bytes it writes into a temporary file. An adopted file was filled before.
    pub(crate) fn bytes(&self) -> usize {
        if let Work::Apply { content, .. } = &self.work { content.len() } else { 0 }
    }

    /// Whether it has not begun.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self.progress, Progress::New)
    }

    /// Whether it has nothing on the file system yet, so that dropping it cannot block.
    pub(crate) fn has_no_file(&self) -> bool {
        self.is_new() && !matches!(self.work, Work::Adopt { .. })
    }
}
