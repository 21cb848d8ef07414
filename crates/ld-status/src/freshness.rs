//! Which files are stale: nothing has confirmed them for a while.

use std::time::{Duration, SystemTime};

use ld_sync::{State, Status};
use ld_zk::{SessionInfo, SessionState};

use crate::view::View;

/// A file is stale when it misses so many heartbeats.
const HEARTBEATS: u32 = 3;

/// What tells a fresh file from a stale one, at one moment.
pub(crate) struct Freshness {
    now: SystemTime,
    limit: Duration,
    /// For how long no session has been connected.
    disconnected: Duration,
}

impl Freshness {
    pub(crate) fn of(view: &View, sessions: &[SessionInfo]) -> Self {
        let disconnected = sessions.iter().map(|session| match session.state {
            SessionState::Connected => Duration::ZERO,
            _ => session.since.elapsed(),
        });
        Self {
            now: SystemTime::now(),
            limit: view.heartbeat_interval.saturating_mul(HEARTBEATS),
            disconnected: disconnected.min().unwrap_or_default(),
        }
    }

    /// Whether a file is good and is known to be so.
    pub(crate) fn is_fresh(&self, status: &Status) -> bool {
        // A time in the future was taken before the clock was set back. How long ago it was is not
        // known, so it counts by its distance.
        let age = |time| self.now.duration_since(time).unwrap_or_else(|error| error.duration());
        match status.state {
            state if !state.is_good() => false,
            State::Current => status.confirmed_at.is_some_and(|at| age(at) <= self.limit),
            // A file that is missing, or kept, has no heartbeat.
            _ => age(status.since).min(self.disconnected) <= self.limit,
        }
    }
}
