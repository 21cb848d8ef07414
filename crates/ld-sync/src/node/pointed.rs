//! A node that holds a pointer: its file holds what that points to.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::pin::pin;
use std::time::Duration;

use ld_config::Guards;
use ld_file::{Depth, Digest, Disk, Done, Existing, FileError, Filled, JobError, Owner, UserError, Work};
use ld_zk::{NodeStat, Reservation, SessionKey};
use tokio::time::{Instant, timeout};

use super::decide::aim;
use super::load::FileSink;
use super::record::Version;
use super::retry::{Aim, StateOfNode};
use super::task::Task;
use crate::loader::{Again, LoadError, Pointer};
use crate::rounds::Proof;
use crate::source::NodeSource;
use crate::status::State;

/// A load that takes longer than this is reported.
const LONG: Duration = Duration::from_secs(10);

/// What hardly changes by itself is tried again after this at the earliest.
const SLOW: Duration = Duration::from_secs(10);

/// The hosts of a fleet spread their next attempts over this.
const SPREAD: Duration = Duration::from_secs(5);

/// A reading that gave a pointer.
pub(super) struct PointerReading<'a> {
    pub(super) json: Cow<'a, str>,
    pub(super) stat: NodeStat,
    pub(super) session: SessionKey,
    pub(super) read_only: bool,
}

/// What is known of the pointer that a node held last.
pub(super) struct LastLoad {
    /// A keyed hash of the pointer, which holds secrets.
    pointer: u64,
    /// What it pointed to, if that was loaded.
    digest: Option<(Digest, u64)>,
    /// It is not loaded before this.
    not_before: Option<Instant>,
}

impl<W: NodeSource> Task<W> {
    /// Makes the file hold what a pointer points to. A pointer that was loaded before is not loaded
    /// again while the file is as it was written.
    pub(super) async fn follow_pointer(
        &mut self,
        reading: PointerReading<'_>,
        disk: &Disk,
        owner: Result<Owner, UserError>,
    ) {
        let Some(loader) = self.shared.loader.clone() else {
            let why =
                "the node points to an object in S3, which this program does not load; the last file stays";
            return self.leave_file(State::Rejected, why);
        };
        let pointer = match loader.parse(&reading.json) {
            Ok(pointer) => pointer,
            Err(why) => return self.leave_file(State::Rejected, &format!("{why}; the last file stays")),
        };
        let aim = match aim(&self.node, &reading.stat, reading.read_only, self.existing()) {
            Ok(aim) => aim,
            Err((state, why)) => return self.leave_file(state, &why),
        };
        let owner = match owner {
            Ok(owner) => owner,
            Err(error) => return self.fail(&error.to_string(), None),
        };
        let key = self.shared.pointer_key.hash_one(reading.json.as_bytes());
        if self.last_load.as_ref().is_none_or(|last| last.pointer != key) {
            self.last_load = Some(Box::new(LastLoad { pointer: key, digest: None, not_before: None }));
        }
        let PointerReading { stat, session, .. } = reading;
        drop(reading.json);
        let state = |bytes| {
            let version = Version { mzxid: stat.mzxid, bytes };
            StateOfNode { version, mtime: stat.mtime, session }
        };
        let began = Instant::now();
        let settled = match self.last_load.as_ref().and_then(|last| last.digest) {
            Some((digest, bytes)) => {
                let holds = self.compare_with_load(disk, aim, digest, owner, session).await;
                holds.map(|done| done.map(|done| (done, bytes)))
            }
            None => self.spare_load(disk, aim).await.map(|done| done.map(|done| (done, 0))),
        };
        match settled {
            Ok(Some((done, bytes))) => return self.record_apply(done, &state(bytes), began.elapsed()),
            Ok(None) => {}
            Err(error) => return self.fail_job(&error, None),
        }
        let Some(filled) = self.load(disk, &*pointer).await else { return };
        let (digest, bytes) = (filled.digest(), filled.bytes());
        let Aim::Apply { existing, .. } = aim else { return };
        match self.on_disk(disk, Work::Adopt { filled, owner, existing }, Reservation::default()).await {
            Ok(done) => {
                if let Some(last) = &mut self.last_load {
                    last.digest = Some((digest, bytes));
                }
                self.record_apply(done, &state(bytes), began.elapsed());
            }
            Err(error) => {
                self.fail_job(&error, None);
                self.wait_before_next_load();
            }
        }
    }

    /// What came of a pointer that was loaded before; `None` if it must be loaded again.
    async fn compare_with_load(
        &mut self,
        disk: &Disk,
        aim: Aim,
        digest: Digest,
        owner: Owner,
        session: SessionKey,
    ) -> Result<Option<Done>, JobError> {
        let look = match aim {
            Aim::Apply { touch: true, .. } => Work::Touch(Proof::of_reading(session).for_job()),
            _ => Work::Verify(Depth::Attributes),
        };
        match self.on_disk(disk, look, Reservation::default()).await {
            Ok(_) => return Ok(Some(Done::Unchanged)),
            Err(JobError::File(FileError::Drift(_))) => {}
            Err(error) => return Err(error),
        }
        let compared =
            self.on_disk(disk, Work::CompareDigest { digest, owner }, Reservation::default()).await?;
        Ok((compared == Done::Unchanged || aim == Aim::Compare).then_some(compared))
    }

    /// What comes of a pointer without a load: the file may have to stay.
    async fn spare_load(&mut self, disk: &Disk, aim: Aim) -> Result<Option<Done>, JobError> {
        let done = match aim {
            // What was reported as changed cannot be compared with anything.
            Aim::Compare => return Ok(Some(Done::Different)),
            Aim::Apply { existing: Existing::Keep, .. } => Done::Kept,
            Aim::Apply { existing: Existing::Delay, .. } => Done::Delayed,
            Aim::Apply { .. } => return Ok(None),
        };
        let exists = self.on_disk(disk, Work::Exists, Reservation::default()).await?;
        Ok((exists == Done::Verified).then_some(done))
    }

    /// Loads what a pointer points to, and has it judged by the guards. `None` if there is nothing
    /// to put in place: the reason is recorded, or the node has changed meanwhile.
    async fn load(&mut self, disk: &Disk, pointer: &dyn Pointer) -> Option<Filled> {
        let not_before = self.last_load.as_ref().and_then(|last| last.not_before);
        if let Some(due) = not_before.filter(|due| *due > Instant::now()) {
            self.retry.read_at(due);
            return None;
        }
        let mut sink = FileSink::new(&self.node, disk, self.shared.spawner);
        let max_bytes = self.node.config.guards.max_bytes.map(|most| most as u64);
        let loaded = {
            let mut load = pin!(pointer.load(max_bytes, &mut sink));
            let mut reported = false;
            loop {
                let step = async {
                    tokio::select! {
                        // A newer state ends the load; the node is read next.
                        biased;
                        () = self.watch.changed() => None,
                        loaded = &mut load => Some(loaded),
                    }
                };
                match timeout(LONG, step).await {
                    Ok(loaded) => break loaded?,
                    Err(_) if !reported => {
                        reported = true;
                        let (what, limit) = (pointer.target(), LONG.as_secs());
                        let why = format!(
                            "{what} is being loaded for more than {limit} s; the last file stays until then"
                        );
                        self.complain(State::Failing, &why);
                    }
                    Err(_) => {}
                }
            }
        };
        let filled = match loaded {
            Ok(()) => sink.finish().await,
            Err(error) => Err(error),
        };
        match filled {
            Ok(filled) => self.accept_load(disk, filled).await,
            Err(error) => {
                self.fail_load(&error);
                None
            }
        }
    }

    async fn accept_load(&mut self, disk: &Disk, filled: Filled) -> Option<Filled> {
        if self.node.config.guards == Guards::default() {
            return Some(filled);
        }
        let (filled, verdict) = self.check_load(disk, filled).await?;
        match verdict {
            Ok(()) => Some(filled),
            Err(verdict) => {
                self.drop_load(filled);
                self.reject(&verdict);
                self.wait_before_next_load();
                None
            }
        }
    }

    fn fail_load(&mut self, error: &LoadError) {
        let why = format!("{error}; the last file stays");
        match error.again {
            Again::Never => self.leave_file(State::Rejected, &why),
            Again::Soon => self.fail(&why, None),
            Again::Slowly => {
                self.fail(&why, None);
                self.wait_before_next_load();
            }
        }
    }

    /// Puts off the next load of the same pointer, if one is due.
    fn wait_before_next_load(&mut self) {
        if self.retry.due.is_none() {
            return;
        }
        let due = Instant::now() + SLOW + SPREAD.mul_f64(fastrand::f64());
        self.retry.read_at(due);
        if let Some(last) = &mut self.last_load {
            last.not_before = Some(due);
        }
    }
}
