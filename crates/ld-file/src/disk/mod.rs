//! Blocking file work: a queue and a few threads for each file system, so that a hung file system
//! delays no other.

mod batch;
mod claims;
mod job;
mod mounts;
mod queue;
mod steps;
#[cfg(test)]
mod tests;
mod threads;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ld_blocking::{BoundedCalls, CallError, Spawner};

use self::claims::Claims;
pub use self::claims::{Claimant, SameFile};
pub use self::job::{Answer, Destination, Done, Existing, JobError, Proof, Work};
use self::mounts::{Mount, Mounts};
pub use self::queue::{Queue, STALL};
use crate::file::{MAX_LINKS, follow_first_link};

/// File systems with a queue of their own. The others share one.
const MAX_DISKS: usize = 64;

/// Programs that check content at one time, for each file system that holds their destinations.
const CHECKS: usize = 4;

/// Threads that look at directories, for each file system.
const LOOKS: usize = 2;

/// Loads of content that comes in pieces, for each file system that holds their destinations.
const LOADS: usize = 8;

/// How long a look at a directory may take until it is reported: 10 s.
pub const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// How many replaced disks may still be at work. A change of the mounts that would exceed this
/// replaces no disk.
const MAX_FORMER: usize = 8;

/// How often the table of mounts is read at most.
const REREAD_INTERVAL: Duration = Duration::from_secs(1);

/// The work on one file system.
#[non_exhaustive]
pub struct Disk {
    /// Work on files.
    pub queue: Arc<Queue>,
    /// Looks at directories: where they are, and what lies in them.
    pub looks: BoundedCalls,
    /// Checks of content. A check may be shown it in a
    /// [`FileUnderCheck`](crate::FileUnderCheck).
    pub checks: BoundedCalls,
    /// Single steps of filling an [`Incoming`](crate::Incoming).
    pub loads: BoundedCalls,
}

impl Disk {
    fn is_at_work(&self) -> bool {
        self.queue.is_at_work() || self.looks.oldest().is_some()
    }
}

/// The file systems of all destinations.
///
/// ```
/// use std::path::PathBuf;
/// use std::sync::Arc;
///
/// use ld_file::ld_blocking::Spawner;
/// use ld_file::{Claimant, Disks, Done, Existing, Owner, Target, Work};
///
/// #[derive(Debug)]
/// struct Flags(PathBuf);
///
/// impl Claimant for Flags {
///     fn target(&self) -> Target<'_> {
///         Target::new(&self.0)
///     }
///
///     fn name(&self) -> String {
///         "the file of the flags".to_owned()
///     }
///
///     fn rank(&self) -> usize {
///         0
///     }
///
///     fn lose_file(&self, reason: &str) {
///         eprintln!("{}: {reason}", self.0.display());
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("flags");
/// let disks = Disks::new(Spawner::Threads);
/// let disk = disks.of(&path).await?;
/// let work = Work::Apply {
///     content: Arc::new(b"on".to_vec()),
///     owner: Owner::default(),
///     existing: Existing::Replace,
///     touch: None,
/// };
/// let answer = disk.queue.submit(Arc::new(Flags(path)), work, Box::default()).await?;
/// assert_eq!(answer.result?, Done::Replaced);
/// # Ok(())
/// # }
/// ```
pub struct Disks {
    spawner: Spawner,
    claims: Arc<Claims>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    mounts: Arc<Mounts>,
    read_at: Option<Instant>,
    /// By device, as the table of mounts has it.
    disks: HashMap<String, Arc<Disk>>,
    /// Replaced disks with threads that have not ended yet.
    former: Vec<Arc<Disk>>,
    /// The file systems of directories that were determined since the last change of the mounts.
    directories: HashMap<PathBuf, Arc<Disk>>,
}

impl Disks {
    /// Blocking work runs on threads of `spawner`.
    pub fn new(spawner: Spawner) -> Self {
        let disks = Self { spawner, claims: Arc::default(), known: Mutex::default() };
        disks.reread_mounts();
        disks
    }

    /// The file system that holds the directory of `dest`. Symlinks on the way are looked at by
    /// threads of the file systems that they lie on.
    ///
    /// # Errors
    ///
    /// One of those file systems does not answer, or the system refuses a thread.
    pub async fn of(&self, dest: &Path) -> Result<Arc<Disk>, CallError> {
        let directory = dest.parent().unwrap_or(Path::new("/"));
        if let Some(disk) = self.lock().directories.get(directory) {
            return Ok(Arc::clone(disk));
        }
        self.reread_mounts();
        let mut path = std::path::absolute(dest).unwrap_or_else(|_| dest.to_path_buf());
        path.pop();
        let mounts = Arc::clone(&self.lock().mounts);
        for _ in 0..MAX_LINKS {
            let Some(mount) = mounts.of(&path) else { break };
            let (point, from) = (mount.point.clone(), path.clone());
            let disk = self.disk(mount);
            match disk.looks.run(LOOK_LIMIT, move || follow_first_link(&point, &from)).await? {
                Some(next) => path = next,
                None => {
                    let mut known = self.lock();
                    if Arc::ptr_eq(&known.mounts, &mounts) {
                        known.directories.insert(directory.to_path_buf(), Arc::clone(&disk));
                    }
                    return Ok(disk);
                }
            }
        }
        // Without a table of mounts, or among circular links, one queue serves all.
        Ok(self.disk(&Mount { device: String::new(), point: PathBuf::from("/") }))
    }

    /// Reads the table of mounts again, unless that was done a moment ago. After a change the file
    /// system of every directory is determined anew, also for waiting jobs. A thread may hang in a
    /// new mount and is then lost to its disk, so each disk that is at work is replaced.
    pub fn reread_mounts(&self) {
        let mut known = self.lock();
        if known.read_at.is_some_and(|at| at.elapsed() < REREAD_INTERVAL) {
            return;
        }
        known.read_at = Some(Instant::now());
        let Ok(mounts) = Mounts::read() else { return };
        if *known.mounts != mounts {
            known.mounts = Arc::new(mounts);
            known.directories.clear();
            known.former.retain(|disk| disk.is_at_work());
            let at_work: Vec<_> = known.disks.values().filter(|disk| disk.is_at_work()).cloned().collect();
            known.disks.values().for_each(|disk| disk.queue.give_back());
            if known.former.len() + at_work.len() <= MAX_FORMER {
                known.disks.retain(|_, disk| !disk.is_at_work());
                known.former.extend(at_work);
            }
        }
    }

    /// Frees jobs from steps on `disk` that hang. A task calls it when its job has had no answer
    /// for [`STALL`].
    pub fn relieve(&self, disk: &Disk) {
        // The hung file system may be a new mount over a directory of that disk.
        self.reread_mounts();
        disk.queue.relieve();
    }

    /// Begins no more file work and waits for the work in progress.
    pub async fn drain(&self) {
        let disks: Vec<_> = {
            let known = self.lock();
            known.disks.values().chain(&known.former).cloned().collect()
        };
        join_all(disks.iter().map(|disk| disk.queue.drain())).await;
    }

    fn disk(&self, mount: &Mount) -> Arc<Disk> {
        let mut known = self.lock();
        let device = if known.disks.len() < MAX_DISKS || known.disks.contains_key(&mount.device) {
            mount.device.clone()
        } else {
            String::new()
        };
        let disk = known.disks.entry(device).or_insert_with(|| Arc::new(self.new_disk(&mount.point)));
        Arc::clone(disk)
    }

    fn new_disk(&self, point: &Path) -> Disk {
        let calls = |what: &str, most| {
            BoundedCalls::new(format!("{what} the file system at '{}'", point.display()), self.spawner, most)
        };
        Disk {
            queue: Queue::new(self.spawner, Arc::clone(&self.claims)),
            looks: calls("looking at", LOOKS),
            checks: calls("a check of content for", CHECKS),
            loads: calls("writing on", LOADS),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
