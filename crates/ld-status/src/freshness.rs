//! Which files are stale: nothing has confirmed them for a while.

use std::time::{Duration, SystemTime};

use ld_sync::{State, Status};
use ld_zk::{SessionInfo, SessionState};

use crate::status_view::StatusView;

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
    pub(crate) fn of(view: &StatusView, sessions: &[SessionInfo]) -> Self {
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
        self.covers(status.state, status.since, status.confirmed_at)
    }

    fn covers(&self, state: State, since: SystemTime, confirmed_at: Option<SystemTime>) -> bool {
        // A time in the future was taken before the clock was set back. How long ago it was is not
        // known, so it counts by its distance.
        let age = |time| self.now.duration_since(time).unwrap_or_else(|error| error.duration());
        match state {
            state if !state.is_good() => false,
            State::Current => confirmed_at.is_some_and(|at| age(at) <= self.limit),
            // A file that is missing, or kept, has no heartbeat.
            _ => age(since).min(self.disconnected) <= self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn with(disconnected: Duration) -> Freshness {
        Freshness { now: SystemTime::UNIX_EPOCH + 1_000 * SECOND, limit: 10 * SECOND, disconnected }
    }

    #[test]
    fn a_file_is_fresh_for_a_while_after_it_was_confirmed() {
        let fresh = with(Duration::ZERO);
        let ago = |seconds| Some(fresh.now - seconds * SECOND);
        let is_fresh = |confirmed_at| fresh.covers(State::Current, fresh.now, confirmed_at);
        assert!(is_fresh(ago(10)) && !is_fresh(ago(11)) && !is_fresh(None));
        assert!(!fresh.covers(State::Failing, fresh.now, ago(0)));
    }

    #[test]
    fn a_time_from_before_the_clock_was_set_back_is_old() {
        let fresh = with(Duration::ZERO);
        let ahead = |seconds| Some(fresh.now + seconds * SECOND);
        assert!(fresh.covers(State::Current, fresh.now, ahead(10)));
        assert!(!fresh.covers(State::Current, fresh.now, ahead(86_400)));
    }

    #[test]
    fn a_file_without_a_heartbeat_is_fresh_while_there_is_a_session() {
        let long_ago = SystemTime::UNIX_EPOCH;
        for state in [State::Absent, State::Kept] {
            assert!(with(10 * SECOND).covers(state, long_ago, None));
            assert!(!with(11 * SECOND).covers(state, long_ago, None));
            assert!(with(11 * SECOND).covers(state, with(SECOND).now, None));
        }
    }
}
