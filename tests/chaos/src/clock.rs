//! The time of a run, and of files that a watcher with a clock of its own has touched.

use std::time::{Duration, SystemTime};

use super::LONGEST_MINUTES;

/// How far a watcher's clock is set back: further than the longest run, so that each time says by
/// which clock it is.
pub(super) const SET_BACK: Duration = Duration::from_secs(60 * (LONGEST_MINUTES + 1));

/// The run's clock: moments of this process and of files on one scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: std::time::Instant,
    wall: SystemTime,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { start: std::time::Instant::now(), wall: SystemTime::now() }
    }

    /// The time since the start.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// When a file was modified. A time before the start is by a clock that was [set back](SET_BACK).
    pub(super) fn of(&self, mtime: SystemTime) -> Duration {
        let since = |mtime: SystemTime| mtime.duration_since(self.wall);
        since(mtime).or_else(|_| since(mtime + SET_BACK)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_by_a_clock_that_was_set_back_is_as_good_as_any_other() {
        let clock = Clock::start();
        let later = Duration::from_secs(60);
        assert_eq!(clock.of(clock.wall + later), later);
        assert_eq!(clock.of(clock.wall + later - SET_BACK), later);
        assert_eq!(clock.of(clock.wall - SET_BACK - later), Duration::ZERO);
    }
}
