//! What one worker does with one batch of destinations.

use std::rc::Rc;
use std::sync::PoisonError;

use crate::claims::Claims;
use crate::content::{Content, Holdings};
use crate::file::{self, Directory, FileError, Left, Outcome, Removed, Write};
use crate::pool::Job;

/// What to do with one destination.
#[derive(Debug)]
pub(crate) enum Work {
    /// Make the file hold this content.
    Apply {
        content: Content,
        /// What becomes of a file that stands there.
        existing: Existing,
        /// The session is known to be live: a file that needs no change gets its heartbeat at once.
        touch: bool,
    },
    /// Change nothing: see whether the file holds this content.
    Compare(Content),
    /// Make the file not exist.
    Remove(Existing),
}

impl Work {
    /// The same for another attempt, its content held in `holdings`; `None` if there is no room, or nothing to hold.
    pub(crate) fn held(self, holdings: &Holdings) -> Option<Self> {
        match self {
            Self::Apply { content, existing, .. } => {
                Some(Self::Apply { content: holdings.hold(content)?, existing, touch: false })
            }
            Self::Compare(content) => holdings.hold(content).map(Self::Compare),
            Self::Remove(_) => None,
        }
    }
}

/// What becomes of a file that stands in the way of some work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It gives way.
    Replace,
    /// It stays, whatever it is.
    Keep,
    /// It stays for now, unless it holds the content already.
    Delay,
}

/// What was done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// The file was created or replaced.
    Replaced,
    /// The file held the content already, with the right owner and mode.
    Unchanged,
    /// Something stands there, and stays.
    Kept,
    /// Something else stands there, and stays for now.
    Delayed,
    /// The file does not hold what it was compared with.
    Different,
    /// The file was removed.
    Removed,
    /// There was no file to remove.
    WasMissing,
}

/// The answer to one [`Work`].
pub(crate) type Answer = Result<Done, Failure>;

/// Why the work was not done, with the work for another attempt.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: ApplyError,
    pub(crate) work: Option<Work>,
}

impl Failure {
    pub(crate) fn panicked() -> Self {
        Self { error: ApplyError::Panicked, work: None }
    }
}

/// Why a destination could not be brought to what its node says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("it is the same file as nodes.{other}.dest, through a link; give each node a file of its own")]
    SameFile { other: String },
    #[error("the file writer failed unexpectedly; please report this as a bug")]
    Panicked,
}

/// A job that is done.
pub(crate) struct Finished {
    job: Job,
    result: Result<Done, ApplyError>,
}

impl Finished {
    /// Answers, and frees the content, on the thread of those who wait for either: to wake them from another one costs more than
    /// the write of a small file.
    pub(crate) fn answer(self) {
        let Self { job: Job { work, answer, .. }, result } = self;
        // Nobody listens once the node's task is gone.
        let _ = match result {
            Ok(done) => answer.send(Ok(done)),
            Err(error) => answer.send(Err(Failure { error, work: Some(work) })),
        };
    }
}

/// Does all of `jobs`; the content of several files goes to disk as one batch.
pub(crate) fn apply_all(claims: &Claims, jobs: Vec<Job>) -> Vec<Finished> {
    let (mut finished, mut writes) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
    let mut opened = None;
    for job in jobs {
        let result = match claims.claim(&job.node, &mut opened).and_then(|()| Ok(job.standing()?)) {
            Err(error) => Err(error),
            Ok(Some(stays)) => Ok(stays),
            Ok(None) => match &job.work {
                Work::Remove(_) => job.remove(),
                Work::Compare(content) => job.compare(content),
                Work::Apply { .. } => {
                    writes.push(job);
                    continue;
                }
            },
        };
        finished.push(Finished { job, result });
    }
    write_all(writes, opened, &mut finished);
    finished
}

fn write_all(jobs: Vec<Job>, opened: Option<Rc<Directory>>, finished: &mut Vec<Finished>) {
    // Never two jobs of one node in a batch: its task waits for the answer before it asks again.
    let mut lefts: Vec<_> =
        jobs.iter().map(|job| job.node.left.lock().unwrap_or_else(PoisonError::into_inner)).collect();
    let writes: Vec<_> = jobs
        .iter()
        .zip(&lefts)
        .filter_map(|(job, left)| match &job.work {
            Work::Apply { content, .. } => {
                Some(Write { target: &job.node.target, content: content.bytes(), left: **left })
            }
            Work::Compare(_) | Work::Remove(_) => None,
        })
        .collect();
    let results = file::apply_batch(&writes, opened);
    let mut answers = Vec::with_capacity(jobs.len());
    for (((job, write), left), result) in jobs.iter().zip(writes).zip(&mut lefts).zip(results) {
        answers.push(result.map(|applied| {
            let mut identity = applied.identity;
            if applied.outcome == Outcome::Unchanged && matches!(job.work, Work::Apply { touch: true, .. }) {
                // Failing here is no failure of the content: the next heartbeat finds and reports it.
                identity = file::touch(&job.node.target, &identity).unwrap_or(identity);
            }
            **left = Some(Left::new(identity, write.content));
            job.node.set_in_memory(applied.in_memory);
            applied.outcome
        }));
    }
    drop(lefts);
    finished.extend(jobs.into_iter().zip(answers).map(|(job, answer)| {
        let result = match answer {
            Ok(Outcome::Replaced) => Ok(Done::Replaced),
            Ok(Outcome::Unchanged) => Ok(Done::Unchanged),
            Err(error) => Err(error.into()),
        };
        Finished { job, result }
    }));
}

impl Job {
    /// How many bytes it handles.
    pub(crate) fn bytes(&self) -> usize {
        match &self.work {
            Work::Apply { content, .. } | Work::Compare(content) => content.bytes().len(),
            Work::Remove(_) => 0,
        }
    }

    /// Why the work is not to be done, if what stands at the destination shall stay.
    fn standing(&self) -> Result<Option<Done>, FileError> {
        let (existing, content) = match &self.work {
            Work::Apply { content, existing, .. } => (existing, Some(content.bytes())),
            Work::Remove(existing) => (existing, None),
            Work::Compare(_) => return Ok(None),
        };
        let target = &self.node.target;
        Ok(match existing {
            Existing::Replace => None,
            Existing::Keep => target.path.symlink_metadata().is_ok().then_some(Done::Kept),
            Existing::Delay => file::stands_against(target, content)?.then_some(Done::Delayed),
        })
    }

    fn remove(&self) -> Result<Done, ApplyError> {
        let mut left = self.node.left.lock().unwrap_or_else(PoisonError::into_inner);
        let removed = file::remove(&self.node.target)?;
        *left = None;
        Ok(match removed {
            Removed::Nothing => Done::WasMissing,
            Removed::File | Removed::Other => Done::Removed,
        })
    }

    fn compare(&self, content: &Content) -> Result<Done, ApplyError> {
        let mut left = self.node.left.lock().unwrap_or_else(PoisonError::into_inner);
        let found = file::find_right(&self.node.target, content.bytes())?;
        *left = found.map(|found| Left::new(found, content.bytes()));
        Ok(if found.is_some() { Done::Unchanged } else { Done::Different })
    }
}
