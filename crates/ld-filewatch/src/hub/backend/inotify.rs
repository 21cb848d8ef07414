//! The inotify instance, and what happens when none is available.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use notify::event::EventKindMask;
use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::refusal::Refusal;
use crate::limits::RETRY_WATCHES_AFTER;

/// Everything that can mean a change, and nothing that a mere reader causes: with opens in the
/// mask, many processes that watch one directory wake each other without end.
const EVENTS: EventKindMask =
    EventKindMask::CORE.union(EventKindMask::ACCESS_CLOSE).difference(EventKindMask::ACCESS_OPEN);

type OnEvent = dyn Fn(notify::Result<notify::Event>) + Send + Sync;

pub(crate) struct Backend {
    watcher: Option<RecommendedWatcher>,
    on_event: Arc<OnEvent>,
    /// After a refusal no watch is set before this time.
    refused: Option<(Instant, Arc<str>)>,
}

impl Backend {
    /// `on_event` runs in the notify thread, which also answers `watch` and `unwatch`.
    pub(crate) fn new(on_event: impl Fn(notify::Result<notify::Event>) + Send + Sync + 'static) -> Self {
        Self { watcher: None, on_event: Arc::new(on_event), refused: None }
    }

    /// Why no watch can be set at present.
    pub(crate) fn refused(&self) -> Option<Arc<str>> {
        let (until, reason) = self.refused.as_ref()?;
        (Instant::now() < *until).then(|| Arc::clone(reason))
    }

    pub(crate) fn watch(&mut self, directory: &Path) -> Result<(), Refusal> {
        let watcher = match &mut self.watcher {
            Some(watcher) => watcher,
            None => match open(&self.on_event) {
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
                self.close();
                Err(self.refuse(format!("the event thread ended: {error}")))
            }
        }
    }

    pub(crate) fn unwatch(&mut self, directory: &Path) {
        if let Some(watcher) = &mut self.watcher {
            // Not found is the usual answer for a directory that is gone.
            let _ = watcher.unwatch(directory);
        }
    }

    fn refuse(&mut self, reason: String) -> Refusal {
        let reason: Arc<str> = reason.into();
        self.refused = Some((Instant::now() + RETRY_WATCHES_AFTER, Arc::clone(&reason)));
        Refusal::Denied(reason)
    }

    pub(crate) fn close(&mut self) {
        let watcher = self.watcher.take();
        // Its drop panics if the event thread has ended.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(watcher)));
    }
}

fn open(on_event: &Arc<OnEvent>) -> notify::Result<RecommendedWatcher> {
    let on_event = Arc::clone(on_event);
    let handler = move |event: notify::Result<notify::Event>| on_event(event);
    RecommendedWatcher::new(handler, Config::default().with_event_kinds(EVENTS))
}
