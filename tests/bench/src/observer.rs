//! Sees files appear by rename, as the kernel reports it, without spinning.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::contestant::Running;
use ld_workspace::Failure;

/// How long nothing may happen before the contestant is looked after.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Many events are read at a time: an observer that wakes for each of them would take the CPU from who is observed.
pub(super) const AT_LEISURE: Duration = Duration::from_millis(1);
/// Each event is read when it comes.
pub(super) const AT_ONCE: Duration = Duration::ZERO;

/// What the file of node `number` is named.
pub(super) fn file_name(number: usize) -> String {
    format!("n{number}")
}

fn number(name: &[u8]) -> Option<usize> {
    std::str::from_utf8(name).ok()?.strip_prefix('n')?.parse().ok()
}

/// Watches one directory of destinations.
#[derive(Debug)]
pub(super) struct Observer {
    inotify: OwnedFd,
    awaited: BTreeSet<usize>,
    /// Files that were renamed into place since the last [`Observer::expect`], those that were not awaited included.
    pub(super) renames: usize,
}

impl Observer {
    pub(super) fn new(directory: &Path) -> Result<Self, Failure> {
        let cannot = || format!("cannot watch {}", directory.display());
        let inotify =
            inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(Failure::doing(cannot()))?;
        inotify::add_watch(&inotify, directory, WatchFlags::MOVED_TO).map_err(Failure::doing(cannot()))?;
        Ok(Self { inotify, awaited: BTreeSet::new(), renames: 0 })
    }

    /// From now on a rename is seen also when the one before it, to the same name, has not been read yet: the kernel joins
    /// equal events, and those of the temporary names keep them apart.
    pub(super) fn tell_apart(&self, directory: &Path) -> Result<(), Failure> {
        inotify::add_watch(&self.inotify, directory, WatchFlags::MOVED_TO | WatchFlags::MOVED_FROM)
            .map(drop)
            .map_err(Failure::doing(format!("cannot watch {}", directory.display())))
    }

    /// From now on each of these nodes is awaited once. What has been seen until now is forgotten.
    pub(super) fn expect(&mut self, nodes: impl IntoIterator<Item = usize>) -> Result<(), Failure> {
        self.drain()?;
        self.awaited = nodes.into_iter().collect();
        self.renames = 0;
        Ok(())
    }

    /// Waits until all awaited files have been seen, at most for `limit`, and gives the time of the last one. `pause` lets
    /// events gather before they are read; `look` is called every now and then.
    pub(super) fn wait(
        &mut self,
        running: &mut Running,
        pause: Duration,
        limit: Duration,
        mut look: impl FnMut(),
    ) -> Result<Instant, Failure> {
        let start = Instant::now();
        loop {
            self.drain()?;
            let now = Instant::now();
            if self.awaited.is_empty() {
                return Ok(now);
            }
            if now.duration_since(start) > limit {
                let (left, limit) = (self.awaited.len(), limit.as_secs());
                let what = format!("{left} files were not written within {limit} s");
                return Err(running.failure(&what));
            }
            running.check()?;
            look();
            self.poll()?;
            thread::sleep(pause);
        }
    }

    /// Takes note of what has happened.
    pub(super) fn drain(&mut self) -> Result<(), Failure> {
        let mut buffer = [MaybeUninit::uninit(); 64 << 10];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                    return Err(Failure::new(
                        "the queue of inotify ran over: raise fs.inotify.max_queued_events",
                    ));
                }
                Ok(event) => {
                    if let Some(number) = event.file_name().and_then(|name| number(name.to_bytes())) {
                        self.awaited.remove(&number);
                        self.renames += 1;
                    }
                }
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(Failure::new(format!("cannot read from inotify: {error}"))),
            }
        }
    }

    fn poll(&self) -> Result<(), Failure> {
        let limit = Timespec::try_from(LOOK_INTERVAL).expect("a short time fits");
        match poll(&mut [PollFd::new(&self.inotify, PollFlags::IN)], Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(Failure::new(format!("cannot wait for inotify: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ld_testkit::TempDir;

    use super::*;

    #[test]
    fn each_rename_counts_and_other_files_do_not() {
        let directory = TempDir::new();
        let mut observer = Observer::new(directory.path()).unwrap();
        observer.tell_apart(directory.path()).unwrap();
        observer.expect([0, 7]).unwrap();
        for _ in 0..3 {
            fs::write(directory.join("temporary"), "x").unwrap();
            fs::rename(directory.join("temporary"), directory.join(file_name(7))).unwrap();
        }
        fs::write(directory.join(".n0"), "x").unwrap();
        fs::rename(directory.join(".n0"), directory.join("other")).unwrap();
        observer.drain().unwrap();
        assert_eq!((observer.renames, &observer.awaited), (3, &BTreeSet::from([0])));
    }
}
