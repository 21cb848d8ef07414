//! What an inotify event means: which files it affects, and whether the writer is done.

use std::path::Path;
use std::sync::Weak;
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind};

use crate::check::trigger::Trigger;
use crate::hub::backend::Backend;
use crate::hub::inner::Inner;
use crate::hub::schedule::queues::Schedule;
use crate::sync::lock;

/// What the writer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// Done: a file was renamed into place or closed after writing, or a directory appeared.
    Done,
    /// Perhaps still busy: wait for quiet.
    Busy,
    /// Removing something, and with it the watches below. Something else may follow at once: wait
    /// for quiet, but invalidate the watches now.
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

/// An inotify instance that reports to `inner`; it is opened for the first watch.
pub(crate) fn backend(inner: Weak<Inner>) -> Backend {
    Backend::new(move |event| {
        if let Some(inner) = inner.upgrade() {
            inner.on_event(event);
        }
    })
}

impl Inner {
    /// Called by the notify thread for each event; must wait for nothing but the schedule.
    pub(crate) fn on_event(&self, event: notify::Result<Event>) {
        let mut schedule = lock(&self.schedule);
        let (queued, timer_set) = match event {
            Ok(event) if !event.need_rescan() => match Writer::of(&event.kind) {
                Some(writer) => event.paths.iter().fold((false, false), |(queued, timer_set), path| {
                    let (queue, timer) = apply(&mut schedule, path, writer);
                    (queued | queue, timer_set | timer)
                }),
                None => (false, false),
            },
            // The kernel's queue overflowed or could not be read: anything may have happened.
            _ => {
                schedule.dirs.invalidate_all();
                schedule.queue_all(Trigger { event: true, touched: true, ..Trigger::default() });
                (true, false)
            }
        };
        if timer_set {
            self.alarm.notify_one();
        }
        if queued {
            self.wake_loader(schedule);
        }
    }
}

/// Returns whether work was queued and whether an earlier timer was set.
fn apply(schedule: &mut Schedule, path: &Path, writer: Writer) -> (bool, bool) {
    if writer == Writer::Removing {
        schedule.dirs.invalidate_below(path);
    }
    let touched = writer != Writer::Removing;
    let (mut queued, mut timer_set) = (false, false);
    let now = Instant::now();
    for (id, itself) in schedule.affected(path) {
        let settled = itself && writer == Writer::Done;
        let trigger = Trigger { event: true, touched, settled, ..Trigger::default() };
        if writer == Writer::Done {
            queued |= schedule.queue_now(id, trigger);
        } else {
            timer_set |= schedule.queue_when_quiet(id, trigger, itself, now);
        }
    }
    (queued, timer_set)
}
