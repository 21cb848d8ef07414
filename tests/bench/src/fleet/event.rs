//! Events that hosts report: one line each, with a time of the clock that all processes share.

use std::fmt;

use rustix::time::{ClockId, clock_gettime};

/// The machine's monotonic clock, in nanoseconds.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let nanoseconds = i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec);
    u64::try_from(nanoseconds).unwrap_or_default()
}

/// The seconds from one time to a later one.
pub(crate) fn seconds(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e9
}

/// An event of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) host: usize,
    /// The time, by the clock of [`now`].
    pub(crate) at: u64,
    pub(crate) kind: EventKind,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// The session is established.
    Up,
    /// The session is lost.
    Down,
    /// The file holds this version.
    File(u64),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, at, kind } = self;
        match kind {
            EventKind::Up => write!(f, "{host} {at} up"),
            EventKind::Down => write!(f, "{host} {at} down"),
            EventKind::File(version) => write!(f, "{host} {at} {version}"),
        }
    }
}

impl Event {
    /// Parses a line. `None` if it is not an event.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (host, at) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let kind = match words.next()? {
            "up" => EventKind::Up,
            "down" => EventKind::Down,
            version => EventKind::File(version.parse().ok()?),
        };
        words.next().is_none().then_some(Self { host, at, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_from_its_line() {
        for kind in [EventKind::Up, EventKind::Down, EventKind::File(7)] {
            let event = Event { host: 12, at: 34, kind };
            assert_eq!(Event::parse(&event.to_string()), Some(event));
        }
        assert_eq!(Event::parse("12 34 sideways"), None);
        assert_eq!(Event::parse("12 34 up again"), None);
    }

    #[test]
    fn the_clock_runs_forward() {
        let before = now();
        assert!(before > 0 && now() >= before);
    }
}
