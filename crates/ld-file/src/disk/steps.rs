//! The steps of one job, each a short piece of blocking work.

use std::sync::Arc;

use super::claims::{Claim, Claims};
use super::job::{Done, Existing, Job, JobError, Progress, Work};
use crate::file::{self, FileError, OpenDirectories, Prepared};

/// What a step did.
pub(super) enum Step {
    /// The job has another step before it.
    Next(Progress),
    Finished(Result<Done, JobError>),
}

impl From<Result<Step, JobError>> for Step {
    fn from(result: Result<Self, JobError>) -> Self {
        result.unwrap_or_else(|error| Self::Finished(Err(error)))
    }
}

/// Does all of a job that touches no file, and prepares the new file of one that does.
pub(super) fn begin(job: &mut Job, claims: &Arc<Claims>, directories: &mut OpenDirectories) -> Step {
    if !job.is_new() {
        // Another thread has begun it.
        return Step::Next(std::mem::take(&mut job.progress));
    }
    if job.answer.is_closed() {
        return Step::Finished(Err(JobError::Stalled));
    }
    try_begin(job, claims, directories).into()
}

fn try_begin(
    job: &mut Job,
    claims: &Arc<Claims>,
    directories: &mut OpenDirectories,
) -> Result<Step, JobError> {
    let (mut target, destination) = (job.claimant.target(), &mut *job.destination);
    if matches!(job.work, Work::Apply { .. } | Work::Compare { .. } | Work::Remove(_)) {
        let entry = file::locate(target.dest, directories)?;
        claims.claim(&job.claimant, entry, &mut destination.claim)?;
    }
    let state = &mut destination.file;
    let done = match &job.work {
        Work::Touch(proof) => {
            if file::touch(target, state, proof.as_ref())? {
                Done::Touched
            } else {
                Done::TooLate
            }
        }
        Work::Verify(depth) => file::verify(target, *depth, state, directories).map(|()| Done::Verified)?,
        Work::Exists if file::exists(target.dest) => Done::Verified,
        Work::Exists => Done::Missing,
        Work::Compare { content, owner } => {
            target.owner = *owner;
            if file::compare(target, content, state)? { Done::Unchanged } else { Done::Different }
        }
        Work::Remove(Existing::Keep) if file::exists(target.dest) => Done::Kept,
        Work::Remove(Existing::Delay) if file::differs(target.dest, None)? => Done::Delayed,
        Work::Remove(_) if file::remove(target, state)? => Done::Removed,
        Work::Remove(_) => Done::Missing,
        Work::Apply { existing: Existing::Keep, .. } if file::exists(target.dest) => Done::Kept,
        Work::Apply { existing: Existing::Delay, content, .. }
            if file::differs(target.dest, Some(content))? =>
        {
            Done::Delayed
        }
        Work::Apply { content, owner, touch, .. } => {
            target.owner = *owner;
            match file::prepare(target, content, state, directories)? {
                Prepared::Replacement(replacement) => {
                    return Ok(Step::Next(Progress::Prepared(Box::new(replacement))));
                }
                Prepared::Unchanged => {
                    if let Some(proof) = touch {
                        // A failed touch says nothing about the content: the next heartbeat reports
                        // it.
                        let _ = file::touch(target, state, proof.as_ref());
                    }
                    Done::Unchanged
                }
            }
        }
    };
    Ok(Step::Finished(Ok(done)))
}

/// Asks for the content to be written to the disk without waiting, so that the flushes of a batch
/// share their work.
pub(super) fn begin_flush(job: &mut Job) -> Step {
    let progress = std::mem::take(&mut job.progress);
    if let Progress::Prepared(replacement) = &progress
        && job.claimant.target().fsync
    {
        replacement.begin_flush();
    }
    Step::Next(progress)
}

/// Waits until the content is on the disk.
pub(super) fn flush(job: &mut Job) -> Step {
    match std::mem::take(&mut job.progress) {
        Progress::Prepared(replacement) if job.claimant.target().fsync => {
            let flushed = replacement.flush().map(|()| Step::Next(Progress::Flushed(replacement)));
            flushed.map_err(JobError::from).into()
        }
        Progress::Prepared(replacement) => Step::Next(Progress::Flushed(replacement)),
        other => Step::Next(other),
    }
}

/// Renames the new file to its destination.
pub(super) fn put_in_place(job: &mut Job) -> Step {
    let replacement = match std::mem::take(&mut job.progress) {
        Progress::Flushed(replacement) => replacement,
        other => return Step::Next(other),
    };
    let Work::Apply { content, .. } = &job.work else { return Step::Next(Progress::New) };
    // Another claimant may have taken the file meanwhile.
    if let Some(Err(error)) = job.destination.claim.as_ref().map(Claim::confirm) {
        return Step::Finished(Err(error.into()));
    }
    let directory = Arc::clone(replacement.directory());
    let target = job.claimant.target();
    match replacement.put_in_place(target, content, &mut job.destination.file) {
        Ok(()) if target.fsync => Step::Next(Progress::InPlace(directory)),
        Ok(()) => Step::Finished(Ok(Done::Replaced)),
        Err(error) => Step::Finished(Err(error.into())),
    }
}

/// Ends a job after the flush of its directory, with the error if that failed.
pub(super) fn finish_flushed(mut job: Job, failure: Option<Arc<FileError>>) {
    let result = match failure {
        None => Ok(Done::Replaced),
        Some(failure) => {
            job.destination.file.set_unflushed();
            Err(JobError::NotFlushed(failure))
        }
    };
    job.finish(result);
}
