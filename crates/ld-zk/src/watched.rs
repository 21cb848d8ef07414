//! A watched node as all those see it who look after it: its reader, the audit and whoever arms its watch.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use atomic_waker::AtomicWaker;

use crate::armed::Armed;
use crate::reading::SessionKey;

/// A watched node.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) path: Box<str>,
    known: Mutex<Known>,
    /// The node is not as it was last seen, and nobody said so.
    missed: AtomicBool,
    /// Who waits for the node.
    waiting: AtomicWaker,
}

/// What is known of the node.
#[derive(Debug, Default)]
struct Known {
    seen: Option<Seen>,
    /// Says when that may be true no more.
    armed: Option<Armed>,
}

/// What a reading found: the node's czxid and mzxid, or `None` for no node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) session: SessionKey,
    pub(crate) zxids: Option<(i64, i64)>,
}

impl Watched {
    pub(crate) fn new(path: &str) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            known: Mutex::default(),
            missed: AtomicBool::new(false),
            waiting: AtomicWaker::new(),
        })
    }

    /// Remembers what was read, `None` while the node cannot be read, since it is polled then; and its watch, unless that is
    /// still to be armed.
    pub(crate) fn saw(&self, seen: Option<Seen>, armed: Option<Armed>) {
        // The old watch goes only now: while two are armed, dropping one costs no request.
        let _former = std::mem::replace(&mut *self.known(), Known { seen, armed });
    }

    /// What was last seen in a session.
    pub(crate) fn seen_in(&self, session: SessionKey) -> Option<Seen> {
        self.known().seen.filter(|seen| seen.session == session)
    }

    /// The same if no watch says when it is true no more.
    pub(crate) fn unwatched_in(&self, session: SessionKey) -> Option<Seen> {
        let known = self.known();
        known.seen.filter(|seen| seen.session == session && known.armed.is_none())
    }

    /// The watch of what was `seen` is armed now.
    pub(crate) fn arm(&self, seen: Seen, armed: Armed) {
        let mut known = self.known();
        // If the node was read meanwhile, it has a newer one.
        if known.seen == Some(seen) && known.armed.is_none() {
            known.armed = Some(armed);
            drop(known);
            // Whoever waits has to wait for this, too.
            self.waiting.wake();
        }
    }

    /// The node is not what was `seen`, and no watch says so.
    pub(crate) fn miss(&self, seen: Seen) {
        // If the node was read meanwhile, that is older than what is known.
        if self.known().seen == Some(seen) {
            self.missed.store(true, Ordering::Relaxed);
            self.waiting.wake();
        }
    }

    /// Whether a change was missed since this was asked last.
    pub(crate) fn was_missed(&self) -> bool {
        self.missed.swap(false, Ordering::Relaxed)
    }

    /// Whether the watch has fired since this was asked last. It wakes who asks when it does.
    pub(crate) fn has_fired(&self, context: &mut Context<'_>) -> bool {
        let armed = &mut self.known().armed;
        let fired = armed.as_mut().is_some_and(|armed| Pin::new(armed).poll(context).is_ready());
        if fired {
            *armed = None;
        }
        fired
    }

    /// Whoever is registered is woken by the next that changes anything about the node or its lane.
    pub(crate) fn register(&self, context: &Context<'_>) {
        self.waiting.register(context.waker());
    }

    pub(crate) fn wake(&self) {
        self.waiting.wake();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
