//! The steps of one job, each a short piece of blocking work.

use std::sync::Arc;

use super::claims::Claims;
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
    let (config, destination) = (&job.node.config, &mut *job.destination);
    if matches!(job.work, Work::Apply { .. } | Work::Compare { .. } | Work::Remove(_)) {
        let entry = file::locate(&config.dest, directories)?;
        claims.claim(&job.node, entry, &mut destination.claim)?;
    }
    let state = &mut destination.file;
    let done = match &job.work {
        Work::Touch(proof) => {
            if file::touch(config, state, || proof.is_fresh())? {
                Done::Touched
            } else {
                Done::TooLate
            }
        }
        Work::Verify(depth) => file::verify(config, *depth, state, directories).map(|()| Done::Verified)?,
        Work::Exists if file::exists(&config.dest) => Done::Verified,
        Work::Exists => Done::Missing,
        Work::Compare { content, owner } => {
            if file::compare(config, *owner, content, state)? {
                Done::Unchanged
            } else {
                Done::Different
            }
        }
        Work::Remove(Existing::Keep) if file::exists(&config.dest) => Done::Kept,
        Work::Remove(Existing::Delay) if file::differs(&config.dest, None)? => Done::Delayed,
        Work::Remove(_) if file::remove(config, state)? => Done::Removed,
        Work::Remove(_) => Done::Missing,
        Work::Apply { existing: Existing::Keep, .. } if file::exists(&config.dest) => Done::Kept,
        Work::Apply { existing: Existing::Delay, content, .. }
            if file::differs(&config.dest, Some(content))? =>
        {
            Done::Delayed
        }
        Work::Apply { content, owner, touch, .. } => {
            match file::prepare(config, *owner, content, state, directories)? {
                Prepared::Replacement(replacement) => {
                    return Ok(Step::Next(Progress::Prepared(Box::new(replacement))));
                }
                Prepared::Unchanged => {
                    if let Some(proof) = touch {
                        // A failed touch says nothing about the content: the next heartbeat reports
                        // it.
                        let _ = file::touch(config, state, || proof.is_fresh());
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
        && job.node.config.fsync
    {
        replacement.begin_flush();
    }
    Step::Next(progress)
}

/// Waits until the content is on the disk.
pub(super) fn flush(job: &mut Job) -> Step {
    match std::mem::take(&mut job.progress) {
        Progress::Prepared(replacement) if job.node.config.fsync => {
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
    if let Some(error) = job.node.lost_file() {
        return Step::Finished(Err(JobError::LostFile(error)));
    }
    let directory = Arc::clone(replacement.directory());
    let config = &job.node.config;
    match replacement.put_in_place(config, content, &mut job.destination.file) {
        Ok(()) if config.fsync => Step::Next(Progress::InPlace(directory)),
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
