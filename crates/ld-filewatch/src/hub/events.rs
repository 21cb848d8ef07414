//! What an inotify event means: who is concerned, and whether the writer is done.

use std::path::Path;
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind};

use super::schedule::Schedule;
use super::{Inner, loaders};
use crate::sync::lock;
use crate::trigger::Trigger;

/// What the writer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// Done: a file was renamed into place or closed after writing, or a directory appeared.
    Done,
    /// Perhaps still busy: wait for quiet.
    Busy,
    /// Taking something away, and with it the watches below. Something else may follow at once: wait for
    /// quiet, too, but forget the watches now.
    Removing,
}

impl Writer {
    fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Self::Done),
            EventKind::Access(_) => None,
            EventKind::Create(CreateKind::Folder) => Some(Self::Done),
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Self::Done),
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => {
                Some(Self::Removing)
            }
            // Both halves have been reported one by one before.
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => None,
            _ => Some(Self::Busy),
        }
    }
}

impl Inner {
    /// Called by the notify thread for each event; must not wait for anything but the schedule.
    pub(super) fn on_event(&self, event: notify::Result<Event>) {
        let mut schedule = lock(&self.schedule);
        let (called, alarmed) = match event {
            Ok(event) if !event.need_rescan() => match Writer::of(&event.kind) {
                Some(writer) => event.paths.iter().fold((false, false), |(called, alarmed), path| {
                    let (call, alarm) = apply(&mut schedule, path, writer);
                    (called | call, alarmed | alarm)
                }),
                None => (false, false),
            },
            // The kernel's queue overflowed or could not be read: anything may have happened.
            _ => {
                schedule.dirs.kill_all();
                schedule.wake_all(Trigger { event: true, touched: true, ..Trigger::default() });
                (true, false)
            }
        };
        if alarmed {
            self.alarm.notify_one();
        }
        if called {
            loaders::call(self, schedule);
        }
    }
}

/// Gives whether a loader and whether the clock has to be woken.
fn apply(schedule: &mut Schedule, path: &Path, writer: Writer) -> (bool, bool) {
    if writer == Writer::Removing {
        schedule.dirs.kill_below(path);
    }
    let touched = writer != Writer::Removing;
    let (mut called, mut alarmed) = (false, false);
    let now = Instant::now();
    for (id, itself) in schedule.concerned(path) {
        let settled = itself && writer == Writer::Done;
        let trigger = Trigger { event: true, touched, settled, ..Trigger::default() };
        if writer == Writer::Done {
            called |= schedule.wake(id, trigger);
        } else {
            alarmed |= schedule.wake_when_quiet(id, trigger, itself, now);
        }
    }
    (called, alarmed)
}
