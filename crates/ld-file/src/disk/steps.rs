//! The steps of one job, each a short piece of blocking work. A step gives what was done if it ends
//! the job, and else notes the job's progress.

use std::sync::Arc;

use super::claims::{Claim, Claims};
use super::job::{Done, Existing, Job, JobError, Progress, Work};
use crate::file::{self, OpenDirectories, Replacement};

/// What a step led to; `None`: the job has another step before it.
pub(super) type Step = Result<Option<Done>, JobError>;

/// Does all of a job that touches no file, and prepares the new file of one that does.
pub(super) fn begin(job: &mut Job, claims: &Arc<Claims>, directories: &mut OpenDirectories) -> Step {
    if !job.is_new() {
        // Another thread has begun it.
        return Ok(None);
    }
    if job.answer.is_closed() {
        return Err(JobError::Stalled);
    }
    let (mut target, destination) = (job.claimant.target(), &mut *job.destination);
    if job.work.content().is_some() || matches!(job.work, Work::Remove(_)) {
        let entry = file::locate(target.dest, directories)?;
        claims.claim(&job.claimant, entry, &mut destination.claim)?;
    }
    let state = &mut destination.file;
    match job.work.existing() {
        Some(Existing::Keep) if file::exists(target.dest) => return Ok(Some(Done::Kept)),
        Some(Existing::Delay) if file::differs(target.dest, job.work.content())? => {
            return Ok(Some(Done::Delayed));
        }
        _ => {}
    }
    let done = match &mut job.work {
        Work::Touch(proof) if file::touch(target, state, proof.as_ref())? => Done::Touched,
        Work::Touch(_) => Done::TooLate,
        Work::Verify(depth) => file::verify(target, *depth, state, directories).map(|()| Done::Verified)?,
        Work::Exists if file::exists(target.dest) => Done::Verified,
        Work::Exists => Done::Missing,
        Work::Compare { content, owner } => {
            target.owner = *owner;
            if file::compare(target, &**content, state)? { Done::Unchanged } else { Done::Different }
        }
        Work::CompareDigest { digest, owner } => {
            target.owner = *owner;
            if file::compare(target, *digest, state)? { Done::Unchanged } else { Done::Different }
        }
        Work::Remove(_) if file::remove(target, state)? => Done::Removed,
        Work::Remove(_) => Done::Missing,
        Work::Adopt { filled, owner, .. } => {
            target.owner = *owner;
            if let Some(replacement) = Replacement::adopt(target, filled, state, directories)? {
                job.progress = Progress::Prepared(Box::new(replacement));
                return Ok(None);
            }
            Done::Unchanged
        }
        Work::Apply { content, owner, touch, .. } => {
            target.owner = *owner;
            if let Some(replacement) = Replacement::prepare(target, content, state, directories)? {
                job.progress = Progress::Prepared(Box::new(replacement));
                return Ok(None);
            }
            if let Some(proof) = touch {
                // A failed touch says nothing about the content: the next heartbeat reports it.
                let _ = file::touch(target, state, proof.as_ref());
            }
            Done::Unchanged
        }
    };
    Ok(Some(done))
}

/// Asks for the content to be written to the disk without waiting, so that the flushes of a batch
/// share their work.
pub(super) fn begin_flush(job: &mut Job) -> Step {
    if let Progress::Prepared(replacement) = &job.progress {
        replacement.begin_flush();
    }
    Ok(None)
}

/// Waits until the content is on the disk.
pub(super) fn flush(job: &mut Job) -> Step {
    if let Progress::Prepared(replacement) = &job.progress {
        replacement.flush()?;
    }
    Ok(None)
}

/// Renames the new file, which is flushed, to its destination.
pub(super) fn put_in_place(job: &mut Job) -> Step {
    let Some(content) = job.work.content() else { return Ok(None) };
    let replacement = match std::mem::take(&mut job.progress) {
        Progress::Prepared(replacement) => replacement,
        other => {
            job.progress = other;
            return Ok(None);
        }
    };
    // Another claimant may have taken the file meanwhile.
    job.destination.claim.as_ref().map_or(Ok(()), Claim::confirm)?;
    let target = job.claimant.target();
    let directory = replacement.put_in_place(target, content, &mut job.destination.file)?;
    if !target.fsync {
        return Ok(Some(Done::Replaced));
    }
    job.progress = Progress::InPlace(directory);
    Ok(None)
}
