//! Observes files that are renamed into place, through inotify and without spinning.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::programs::SubjectProcess;
use ld_workspace::Failure;

/// How often the process is checked while no event arrives.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Pause before events are read, so that many are read at a time. An observer that wakes for each
/// event would take CPU from the subject.
pub(crate) const BATCHED: Duration = Duration::from_millis(1);
/// No pause: each event is read when it arrives.
pub(crate) const UNBATCHED: Duration = Duration::ZERO;

/// The name of the file of node `number`.
pub(crate) fn file_name(number: usize) -> String {
    format!("n{number}")
}

fn number(name: &[u8]) -> Option<usize> {
    std::str::from_utf8(name).ok()?.strip_prefix('n')?.parse().ok()
}

/// Observes one directory of destinations.
#[derive(Debug)]
pub(crate) struct Observer {
    inotify: OwnedFd,
    expected: BTreeSet<usize>,
    /// Renames into place since the last [`Observer::expect`], of expected files and others.
    pub(crate) renames: usize,
}

impl Observer {
    pub(crate) fn new(directory: &Path) -> Result<Self, Failure> {
        let cannot = || format!("cannot watch {}", directory.display());
        let inotify =
            inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(Failure::doing(cannot()))?;
        inotify::add_watch(&inotify, directory, WatchFlags::MOVED_TO).map_err(Failure::doing(cannot()))?;
        Ok(Self { inotify, expected: BTreeSet::new(), renames: 0 })
    }

    /// Counts each of several renames to one name, even if they are read together.
    ///
    /// The kernel merges equal events that follow each other. The events of the temporary names
    /// separate them.
    pub(crate) fn count_each_rename(&self, directory: &Path) -> Result<(), Failure> {
        inotify::add_watch(&self.inotify, directory, WatchFlags::MOVED_TO | WatchFlags::MOVED_FROM)
            .map(drop)
            .map_err(Failure::doing(format!("cannot watch {}", directory.display())))
    }

    /// Expects one rename of each of these nodes' files. Earlier renames do not count.
    pub(crate) fn expect(&mut self, nodes: impl IntoIterator<Item = usize>) -> Result<(), Failure> {
        self.drain()?;
        self.expected = nodes.into_iter().collect();
        self.renames = 0;
        Ok(())
    }

    /// Waits until all expected files were renamed, at most for `limit`, and returns the time of
    /// the last one. `pause` lets events gather before they are read; `sample` runs now and then.
    pub(crate) fn wait(
        &mut self,
        process: &mut SubjectProcess,
        pause: Duration,
        limit: Duration,
        mut sample: impl FnMut(),
    ) -> Result<Instant, Failure> {
        let start = Instant::now();
        loop {
            self.drain()?;
            let now = Instant::now();
            if self.expected.is_empty() {
                return Ok(now);
            }
            if now.duration_since(start) > limit {
                let (missing, limit) = (self.expected.len(), limit.as_secs());
                let what = format!("{missing} files were not written within {limit} s");
                return Err(process.failure(&what));
            }
            process.check()?;
            sample();
            self.poll()?;
            thread::sleep(pause);
        }
    }

    /// Reads all pending events.
    pub(crate) fn drain(&mut self) -> Result<(), Failure> {
        let mut buffer = [MaybeUninit::uninit(); 64 << 10];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                    return Err(Failure::new(
                        "the inotify queue overflowed: raise fs.inotify.max_queued_events",
                    ));
                }
                Ok(event) => {
                    if let Some(number) = event.file_name().and_then(|name| number(name.to_bytes())) {
                        self.expected.remove(&number);
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
        let limit = Timespec::try_from(POLL_INTERVAL).expect("the interval is short");
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
    fn each_rename_of_a_node_file_counts() {
        let directory = TempDir::new();
        let mut observer = Observer::new(directory.path()).unwrap();
        observer.count_each_rename(directory.path()).unwrap();
        observer.expect([0, 7]).unwrap();
        for _ in 0..3 {
            fs::write(directory.join("temporary"), "x").unwrap();
            fs::rename(directory.join("temporary"), directory.join(file_name(7))).unwrap();
        }
        fs::write(directory.join(".n0"), "x").unwrap();
        fs::rename(directory.join(".n0"), directory.join("other")).unwrap();
        observer.drain().unwrap();
        assert_eq!((observer.renames, &observer.expected), (3, &BTreeSet::from([0])));
    }
}
