//! A watched node as all those see it who look after it: its reader, the audit and whoever arms its watch.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use crate::armed::Armed;
use crate::reading::SessionKey;

/// A watched node.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) path: Arc<str>,
    known: Mutex<Known>,
}

/// What is known of the node.
#[derive(Debug, Default)]
struct Known {
    seen: Option<Seen>,
    /// Says when that may be true no more.
    armed: Option<Armed>,
    /// The node is not as it was last seen, and nobody said so.
    missed: bool,
    /// Who waits for the node.
    waiting: Option<Waker>,
}

/// What a reading found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) session: SessionKey,
    pub(crate) version: Version,
}

/// Tells one state of a node from every other: its czxid and mzxid, or -1 each for no node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(i64, i64);

impl Version {
    pub(crate) const ABSENT: Self = Self(-1, -1);

    pub(crate) fn new(czxid: i64, mzxid: i64) -> Self {
        Self(czxid, mzxid)
    }
}

impl From<Option<zookeeper::Stat>> for Version {
    fn from(stat: Option<zookeeper::Stat>) -> Self {
        stat.map_or(Self::ABSENT, |stat| Self::new(stat.czxid, stat.mzxid))
    }
}

impl Watched {
    pub(crate) fn new(path: Arc<str>) -> Arc<Self> {
        Arc::new(Self { path, known: Mutex::default() })
    }

    /// Remembers what was read, `None` while the node cannot be read, since it is polled then; and its watch, unless that is
    /// still to be armed.
    pub(crate) fn saw(&self, seen: Option<Seen>, armed: Option<Armed>) {
        let former = {
            let mut known = self.known();
            known.seen = seen;
            std::mem::replace(&mut known.armed, armed)
        };
        // The old watch goes only now: while two are armed, dropping one costs no request.
        drop(former);
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
            self.wake();
        }
    }

    /// The node is not what was `seen`, and no watch says so.
    pub(crate) fn miss(&self, seen: Seen) {
        let mut known = self.known();
        // If the node was read meanwhile, that is older than what is known.
        if known.seen == Some(seen) {
            known.missed = true;
            drop(known);
            self.wake();
        }
    }

    /// Whether somebody has said since this was asked last that the node may have changed. Who asks is woken by the next that
    /// changes anything about the node or its lane.
    pub(crate) fn poll_told(&self, context: &mut Context<'_>) -> bool {
        let mut known = self.known();
        known.wait(context);
        let fired = known.armed.as_mut().is_some_and(|armed| Pin::new(armed).poll(context).is_ready());
        if fired {
            known.armed = None;
        }
        std::mem::take(&mut known.missed) || fired
    }

    /// Whoever is registered is woken by the next that changes anything about the node or its lane.
    pub(crate) fn register(&self, context: &Context<'_>) {
        self.known().wait(context);
    }

    pub(crate) fn wake(&self) {
        let waiting = self.known().waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn wait(&mut self, context: &Context<'_>) {
        match &mut self.waiting {
            Some(waiting) => waiting.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_of_them_are_cheap() {
        assert!(size_of::<Watched>() <= 88, "{}", size_of::<Watched>());
    }
}
