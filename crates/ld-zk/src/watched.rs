//! A watched node as all those see it who look after it: its reader, the audit and whoever arms its watch.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use crate::armed::Armed;
use crate::reading::SessionKey;

/// A watched node.
pub(crate) struct Watched {
    path: SharedPath,
    known: Mutex<Known>,
}

/// The path of a node, as part of whatever keeps it: who watches very many nodes knows their paths already.
pub type SharedPath = Arc<dyn AsRef<str> + Send + Sync>;

/// What is known of the node.
#[derive(Debug, Default)]
struct Known {
    /// The session of the last reading.
    session: Option<SessionKey>,
    /// What that found.
    version: Version,
    /// Says when that may be true no more.
    armed: Option<Armed>,
    /// Who waits for the node.
    waiting: Option<Waker>,
}

/// What a reading found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) session: SessionKey,
    pub(crate) version: Version,
}

/// Tells one state of a node from every other: its mzxid, which a node that is deleted and created again has another of, or a
/// negative number that no node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(i64);

impl Version {
    /// There is no node.
    pub(crate) const ABSENT: Self = Self(-1);
    /// Nothing was found, as the node cannot be read, or was not yet.
    pub(crate) const UNKNOWN: Self = Self(-2);
    /// The node is not as it was last seen, and nobody said so.
    const MISSED: Self = Self(-3);

    pub(crate) fn new(mzxid: i64) -> Self {
        Self(mzxid)
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl From<Option<zookeeper::Stat>> for Version {
    fn from(stat: Option<zookeeper::Stat>) -> Self {
        stat.map_or(Self::ABSENT, |stat| Self::new(stat.mzxid))
    }
}

impl Watched {
    pub(crate) fn new(path: SharedPath) -> Arc<Self> {
        Arc::new(Self { path, known: Mutex::default() })
    }

    /// The path below the chroot.
    pub(crate) fn path(&self) -> &str {
        (*self.path).as_ref()
    }

    /// Remembers what was read; and its watch, unless that is still to be armed, or the node cannot be read: it is polled then.
    pub(crate) fn saw(&self, seen: Seen, armed: Option<Armed>) {
        let former = {
            let mut known = self.known();
            (known.session, known.version) = (Some(seen.session), seen.version);
            std::mem::replace(&mut known.armed, armed)
        };
        // The old watch goes only now: while two are armed, dropping one costs no request.
        drop(former);
    }

    /// The session of the last reading.
    pub(crate) fn session(&self) -> Option<SessionKey> {
        self.known().session
    }

    /// What was last seen, in that session, if the node can be compared with it.
    pub(crate) fn seen_in(&self, session: SessionKey) -> Option<Seen> {
        self.known().seen_in(session)
    }

    /// The same if no watch says when it is true no more.
    pub(crate) fn unwatched_in(&self, session: SessionKey) -> Option<Seen> {
        let known = self.known();
        known.seen_in(session).filter(|_| known.armed.is_none())
    }

    /// The watch of what was `seen` is armed now.
    pub(crate) fn arm(&self, seen: Seen, armed: Armed) {
        let mut known = self.known();
        // If the node was read meanwhile, it has a newer one.
        if known.seen_in(seen.session) == Some(seen) && known.armed.is_none() {
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
        if known.seen_in(seen.session) == Some(seen) {
            known.version = Version::MISSED;
            drop(known);
            self.wake();
        }
    }

    /// Whether somebody has said since this was asked last, or since the last reading, that the node may have changed. Who asks is woken
    /// by the next that changes anything about the node or its lane.
    pub(crate) fn poll_told(&self, context: &mut Context<'_>) -> bool {
        let mut known = self.known();
        known.wait(context);
        let fired = known.armed.as_mut().is_some_and(|armed| Pin::new(armed).poll(context).is_ready());
        if fired {
            known.armed = None;
        }
        fired || known.version == Version::MISSED
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

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("path", &self.path()).field("known", &self.known).finish()
    }
}

impl Known {
    fn seen_in(&self, session: SessionKey) -> Option<Seen> {
        let can_be_compared = ![Version::UNKNOWN, Version::MISSED].contains(&self.version);
        let seen = Seen { session: self.session?, version: self.version };
        (seen.session == session && can_be_compared).then_some(seen)
    }

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
        assert!(size_of::<Watched>() <= 72, "{}", size_of::<Watched>());
    }
}
