//! Work on the node's file, by the queue of its file system.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ld_file::{Disk, Done, Existing, JobError, Owner, STALL, Work};
use ld_zk::Reservation;
use tokio::time::{Instant, sleep, timeout};

use super::retry::{Aim, Attempt};
use super::task::Task;
use crate::source::NodeSource;
use crate::status::State;

/// A call that has no answer after this long is reported.
const HANG: Duration = Duration::from_secs(10);

/// How soon a directory that cannot be looked at is tried again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl<W: NodeSource> Task<W> {
    /// The file system of the destination, once that answers. While it hangs, the destination may
    /// come to lie on another one.
    pub(crate) async fn responsive_disk(&mut self) -> Arc<Disk> {
        let since = SystemTime::now();
        loop {
            match self.shared.disks.of(&self.node.config.dest).await {
                Ok(disk) if timeout(HANG, disk.queue.responsive()).await.is_ok() => return disk,
                Ok(_) => self.report_hang("the file system of", since),
                Err(error) => {
                    self.complain(State::Failing, &error.to_string());
                    sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    /// Makes the file hold the content. `reservation` is the content's share of the memory for
    /// reads.
    pub(super) async fn apply(
        &mut self,
        disk: &Disk,
        attempt: Attempt,
        owner: Owner,
        reservation: Reservation,
    ) {
        let content = Arc::clone(&attempt.content);
        let work = match attempt.aim {
            Aim::Apply { existing, touch } => {
                let touch = touch.then(|| attempt.proof.for_job());
                Work::Apply { content, owner, existing, touch }
            }
            Aim::Compare => Work::Compare { content, owner },
        };
        let began = Instant::now();
        match self.on_disk(disk, work, reservation).await {
            Ok(done) => self.record_apply(done, &attempt.applied(), began.elapsed()),
            Err(error) => self.fail_job(&error, Some(attempt)),
        }
    }

    /// Removes the file.
    pub(super) async fn remove(&mut self, disk: &Disk, existing: Existing) {
        match self.on_disk(disk, Work::Remove(existing), Reservation::default()).await {
            Ok(done) => self.record_removal(done),
            Err(error) => self.fail_job(&error, None),
        }
    }

    /// Leaves the file of a node that does not exist.
    pub(super) async fn keep(&mut self, disk: &Disk) {
        match self.on_disk(disk, Work::Exists, Reservation::default()).await {
            Ok(Done::Verified) => {
                let why = "the node does not exist; its file is kept, without a heartbeat";
                self.leave_file(State::Kept, why);
            }
            Ok(_) => self.record_removal(Done::Missing),
            Err(error) => self.fail_job(&error, None),
        }
    }

    /// Submits the work and waits for its answer without a limit, since a call that hangs is never
    /// made a second time. Meanwhile other nodes go on, and the node's status says that the call
    /// hangs.
    pub(crate) async fn on_disk(
        &mut self,
        disk: &Disk,
        work: Work,
        mut reservation: Reservation,
    ) -> Result<Done, JobError> {
        let (what, since, began) = (work.as_str(), SystemTime::now(), Instant::now());
        let mut answer = disk.queue.submit(self.node.clone(), work, std::mem::take(&mut self.destination));
        let mut reported = false;
        loop {
            match timeout(STALL, &mut answer).await {
                Ok(Ok(answer)) => {
                    self.destination = answer.destination;
                    return answer.result;
                }
                Ok(Err(_)) => return Err(JobError::Panicked),
                Err(_) => {
                    self.shared.disks.relieve(disk);
                    // Contents of other file systems need the memory.
                    drop(std::mem::take(&mut reservation));
                    if began.elapsed() >= HANG && !reported {
                        reported = true;
                        self.report_hang(what, since);
                    }
                }
            }
        }
    }

    pub(super) fn report_hang(&mut self, what: &str, since: SystemTime) {
        self.hang_reported = true;
        self.node.count_hang();
        let dest = self.node.config.dest.display();
        let since = humantime::format_rfc3339_seconds(since);
        self.complain(State::Failing, &format!("{what} '{dest}' has hung since {since}"));
    }
}
