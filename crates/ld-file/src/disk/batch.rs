//! Jobs that one thread does together, so that the disk does common work, such as a flush, once.
//!
//! Every job waits in a slot of the batch, and is out of it only while the thread works on it. When
//! that work hangs, [`Batch::take_rest`] takes the other jobs away, and another thread finishes
//! them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::claims::Claims;
use super::job::{Done, Job, JobError, Progress};
use super::steps::{self, Step};
use crate::file::{Directory, FileError, OpenDirectories};

/// The most bytes that may wait in temporary files for the rest of the batch. Until its rename such
/// a file takes disk space beside the old file.
const MAX_PREPARED_BYTES: usize = 1 << 20;

/// The jobs of one thread.
pub(super) struct Batch {
    state: Mutex<State>,
}

struct State {
    /// `None`: the job is finished, taken away, or being worked on.
    slots: Vec<Option<Job>>,
    /// When the present step began.
    since: Instant,
}

impl Batch {
    pub(super) fn new(jobs: Vec<Job>) -> Self {
        let slots = jobs.into_iter().map(Some).collect();
        Self { state: Mutex::new(State { slots, since: Instant::now() }) }
    }

    /// How long the present step has taken.
    pub(super) fn step_age(&self) -> Duration {
        self.lock().since.elapsed()
    }

    /// Takes away all jobs but those that the thread works on right now.
    pub(super) fn take_rest(&self) -> Vec<Job> {
        self.lock().slots.iter_mut().filter_map(Option::take).collect()
    }

    /// Does all jobs, in rounds. A job that meets a shortage waits for the next round: by then the
    /// jobs of this round have released their descriptors and disk space. `progressed` is called
    /// after each step.
    pub(super) fn run(&self, claims: &Arc<Claims>, progressed: impl Fn()) {
        let mut directories = OpenDirectories::default();
        while self.lock().slots.iter().any(Option::is_some) {
            let (mut prepared, mut bytes) = (0, 0);
            self.each(&progressed, |job| {
                if bytes > MAX_PREPARED_BYTES {
                    return Ok(None);
                }
                let step = steps::begin(job, claims, &mut directories);
                if prepared > 0 && matches!(step, Err(JobError::File(FileError::System { .. }))) {
                    directories = OpenDirectories::default();
                    return Ok(None);
                }
                if matches!(job.progress, Progress::Prepared(_)) {
                    prepared += 1;
                    bytes += job.bytes();
                }
                step
            });
            if prepared > 1 {
                self.each(&progressed, steps::begin_flush);
            }
            self.each(&progressed, steps::flush);
            self.each(&progressed, steps::put_in_place);
            self.flush_directories(&progressed);
        }
    }

    /// Takes each job out of its slot, does one step, and puts it back unless the step finished it.
    fn each(&self, progressed: impl Fn(), mut step: impl FnMut(&mut Job) -> Step) {
        let count = self.lock().slots.len();
        for index in 0..count {
            let Some(mut job) = self.take(index) else { continue };
            match step(&mut job).transpose() {
                None => self.lock().slots[index] = Some(job),
                Some(result) => job.finish(result),
            }
            progressed();
        }
    }

    /// Flushes each directory once for all of its files.
    fn flush_directories(&self, progressed: impl Fn()) {
        while let Some((directory, jobs)) = self.take_one_directory() {
            let failure = directory.flush().err().map(Arc::new);
            for mut job in jobs {
                let Some(failure) = failure.clone() else {
                    job.finish(Ok(Done::Replaced));
                    continue;
                };
                job.destination.file.set_unflushed();
                job.finish(Err(JobError::NotFlushed(failure)));
            }
            progressed();
        }
    }

    /// Takes the jobs of one directory that have put their files in place.
    fn take_one_directory(&self) -> Option<(Arc<Directory>, Vec<Job>)> {
        let mut state = self.lock();
        state.since = Instant::now();
        let directory = state.slots.iter().flatten().find_map(|job| match &job.progress {
            Progress::InPlace(directory) => Some(Arc::clone(directory)),
            _ => None,
        })?;
        let is_in_it =
            |job: &mut Job| matches!(&job.progress, Progress::InPlace(of) if Arc::ptr_eq(of, &directory));
        let jobs = state.slots.iter_mut().filter_map(|slot| slot.take_if(is_in_it)).collect();
        Some((directory, jobs))
    }

    fn take(&self, index: usize) -> Option<Job> {
        let mut state = self.lock();
        state.since = Instant::now();
        state.slots[index].take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
