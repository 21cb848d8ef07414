//! A node that holds a pointer: its file holds what that points to.

use ld_file::{Depth, Digest, Disk, Done, Existing, FileError, JobError, Owner, UserError, Work};
use ld_zk::{Reservation, SessionKey};
use tokio::time::Instant;

use super::decide::aim;
use super::last_load::{Held, LastLoad};
use super::retry::Aim;
use super::task::Task;
use crate::pointer::NOT_LOADED;
use crate::rounds::Proof;
use crate::source::NodeSource;

impl<W: NodeSource> Task<W> {
    /// Makes the file hold what a pointer points to. A pointer that was loaded before is not loaded
    /// again while the file is as it was written.
    pub(super) async fn follow_pointer(
        &mut self,
        json: &str,
        mut held: Held,
        disk: &Disk,
        owner: Result<Owner, UserError>,
    ) {
        let Some(loader) = self.shared.loader.clone() else {
            return self.reject_pointer(NOT_LOADED);
        };
        let pointer = match loader.parse(json) {
            Ok(pointer) => pointer,
            Err(why) => return self.reject_pointer(&why),
        };
        let aim = match aim(&self.node, &held.stat, held.read_only, self.existing()) {
            Ok(aim) => aim,
            Err((state, why)) => return self.leave_file(state, &why),
        };
        let owner = match owner {
            Ok(owner) => owner,
            Err(error) => return self.fail(&error.to_string(), None),
        };
        if self.last_load.as_ref().is_none_or(|last| last.pointer != held.key) {
            let last = LastLoad { pointer: held.key, digest: None, not_before: None };
            self.last_load = Some(Box::new(last));
        }
        let began = Instant::now();
        let settled = match self.last_load.as_ref().and_then(|last| last.digest) {
            Some(digest) => {
                let holds = self.compare_with_load(disk, aim, digest, owner, held.session).await;
                holds.map(|done| done.map(|done| (done, digest.size())))
            }
            None => self.spare_load(disk, aim).await.map(|done| done.map(|done| (done, 0))),
        };
        match settled {
            Ok(Some((done, bytes))) => return self.record_apply(done, &held.state(bytes), began.elapsed()),
            Ok(None) => {}
            Err(error) => return self.fail_job(&error, None),
        }
        let Some(filled) = self.load(disk, &*pointer, &mut held).await else { return };
        let digest = filled.digest();
        let Aim::Apply { existing, .. } = aim else { return };
        match self.on_disk(disk, Work::Adopt { filled, owner, existing }, Reservation::default()).await {
            Ok(done) => {
                if let Some(last) = &mut self.last_load {
                    last.digest = Some(digest);
                }
                self.record_apply(done, &held.state(digest.size()), began.elapsed());
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
}
