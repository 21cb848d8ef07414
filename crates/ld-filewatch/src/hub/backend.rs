//! The inotify instance, and what happens when there is none to be had.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use notify::event::EventKindMask;
use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Inner;
use crate::limits::REARM_AFTER;

/// Everything that can mean a change, and nothing that a mere reader causes: with opens in the mask, many
/// processes that watch one directory wake each other in a storm.
const EVENTS: EventKindMask =
    EventKindMask::CORE.union(EventKindMask::ACCESS_CLOSE).difference(EventKindMask::ACCESS_OPEN);

pub(super) struct Backend {
    watcher: Option<RecommendedWatcher>,
    /// After a refusal nobody asks again before this time.
    refused: Option<(Instant, Arc<str>)>,
}

/// Why a directory is not watched.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    /// It is gone; whoever asked has to look again.
    Gone,
    /// Polling has to do for now.
    Denied(Arc<str>),
}

impl Backend {
    pub(super) fn new() -> Self {
        Self { watcher: None, refused: None }
    }

    /// Why there is no use in asking at present.
    pub(super) fn refused(&self) -> Option<Arc<str>> {
        let (until, reason) = self.refused.as_ref()?;
        (Instant::now() < *until).then(|| Arc::clone(reason))
    }

    pub(super) fn watch(&mut self, inner: &Arc<Inner>, directory: &Path) -> Result<(), Refusal> {
        let watcher = match &mut self.watcher {
            Some(watcher) => watcher,
            None => match open(inner) {
                Ok(watcher) => self.watcher.insert(watcher),
                Err(error) => return Err(self.refuse(format!("no inotify instance: {error}"))),
            },
        };
        let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive) else { return Ok(()) };
        match &error.kind {
            ErrorKind::PathNotFound => Err(Refusal::Gone),
            ErrorKind::MaxFilesWatch => Err(self.refuse("out of inotify watches".to_owned())),
            ErrorKind::Io(source) => {
                Err(Refusal::Denied(format!("{}: {source}", directory.display()).into()))
            }
            _ => {
                // The event thread is gone. Its handle panics when dropped without one.
                std::mem::forget(self.watcher.take());
                Err(self.refuse(format!("the event thread ended: {error}")))
            }
        }
    }

    pub(super) fn unwatch(&mut self, directory: &Path) {
        if let Some(watcher) = &mut self.watcher {
            // Not found is the usual answer for a directory that is gone.
            let _ = watcher.unwatch(directory);
        }
    }

    fn refuse(&mut self, reason: String) -> Refusal {
        let reason: Arc<str> = reason.into();
        self.refused = Some((Instant::now() + REARM_AFTER, Arc::clone(&reason)));
        Refusal::Denied(reason)
    }

    pub(super) fn close(&mut self) {
        let watcher = self.watcher.take();
        // Its drop panics if the event thread is gone.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(watcher)));
    }
}

fn open(inner: &Arc<Inner>) -> notify::Result<RecommendedWatcher> {
    let inner = Arc::downgrade(inner);
    let handler = move |event: notify::Result<notify::Event>| {
        if let Some(inner) = inner.upgrade() {
            inner.on_event(event);
        }
    };
    RecommendedWatcher::new(handler, Config::default().with_event_kinds(EVENTS))
}
