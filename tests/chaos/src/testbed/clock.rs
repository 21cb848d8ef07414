//! The clock of a run, which also reads the mtimes of files.

use std::time::{Duration, SystemTime};

use crate::schedule::LONGEST_RUN_MINUTES;

/// How far a watcher's clock is set back: more than the longest run, so that each mtime shows by
/// which clock it was set.
pub(crate) const SET_BACK: Duration = Duration::from_secs(60 * (LONGEST_RUN_MINUTES + 1));

/// Times of this process and of files, on one scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: std::time::Instant,
    wall: SystemTime,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: std::time::Instant::now(), wall: SystemTime::now() }
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// An mtime on this clock. One before the start comes from a clock that was [set
    /// back](SET_BACK).
    pub(crate) fn of(&self, mtime: SystemTime) -> Duration {
        let since = |mtime: SystemTime| mtime.duration_since(self.wall);
        since(mtime).or_else(|_| since(mtime + SET_BACK)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_by_a_clock_that_was_set_back_is_corrected() {
        let clock = Clock::start();
        let later = Duration::from_secs(60);
        assert_eq!(clock.of(clock.wall + later), later);
        assert_eq!(clock.of(clock.wall + later - SET_BACK), later);
        assert_eq!(clock.of(clock.wall - SET_BACK - later), Duration::ZERO);
    }
}
