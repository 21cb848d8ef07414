//! Observes the files of many hosts with one inotify instance.

use std::collections::BTreeMap;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::content::{file_name, version};
use super::event::{Event, EventKind, now};
use ld_workspace::Failure;

/// The directories of the hosts.
#[derive(Debug)]
pub(crate) struct FileEvents {
    inotify: OwnedFd,
    /// By inotify's watch descriptor of the directory.
    hosts: BTreeMap<i32, (usize, PathBuf)>,
}

impl FileEvents {
    pub(crate) fn new() -> Result<Self, Failure> {
        let inotify = inotify::init(CreateFlags::CLOEXEC).map_err(Failure::doing("cannot use inotify"))?;
        Ok(Self { inotify, hosts: BTreeMap::new() })
    }

    /// Observes the file of the first node in `directory`.
    pub(crate) fn watch(&mut self, host: usize, directory: &Path) -> Result<(), Failure> {
        let number = inotify::add_watch(&self.inotify, directory, WatchFlags::MOVED_TO)
            .map_err(Failure::doing("cannot watch a directory (see fs.inotify.max_user_watches)"))?;
        self.hosts.insert(number, (host, directory.join(file_name(0))));
        Ok(())
    }

    /// Reports each file that is renamed into place, until the receiver is dropped.
    pub(crate) fn report(&self, events: &Sender<Event>) {
        let mut buffer = [MaybeUninit::uninit(); 256 << 10];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        let name = file_name(0);
        let mut at = now();
        loop {
            // Events of one read get one time: that of the read, not that of their processing.
            let fresh = reader.is_buffer_empty();
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(error) => return eprintln!("cannot read from inotify: {error}"),
            };
            if fresh {
                at = now();
            }
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                return eprintln!("the inotify queue overflowed: raise fs.inotify.max_queued_events");
            }
            if event.file_name().is_none_or(|found| found.to_bytes() != name.as_bytes()) {
                continue;
            }
            let Some((host, file)) = self.hosts.get(&event.wd()) else { continue };
            if let Some(version) = fs::read(file).ok().as_deref().and_then(version)
                && events.send(Event { host: *host, at, kind: EventKind::File(version) }).is_err()
            {
                return;
            }
        }
    }
}
