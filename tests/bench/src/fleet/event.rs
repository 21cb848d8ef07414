//! What the hosts report: one line each, with the time of the one clock that all processes share.

use std::fmt;

use rustix::time::{ClockId, clock_gettime};

/// The machine's monotonic clock, in nanoseconds.
pub(super) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let nanoseconds = i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec);
    u64::try_from(nanoseconds).unwrap_or_default()
}

/// The seconds from one moment to a later one.
pub(super) fn seconds(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e9
}

/// Something that happened to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) host: usize,
    /// When, on the clock of [`now`].
    pub(super) at: u64,
    pub(super) what: What,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Its session is live.
    Up,
    /// It is not.
    Down,
    /// Its file holds this version.
    File(u64),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, at, what } = self;
        match what {
            What::Up => write!(f, "{host} {at} up"),
            What::Down => write!(f, "{host} {at} down"),
            What::File(version) => write!(f, "{host} {at} {version}"),
        }
    }
}

impl Event {
    /// Reads a line; `None` if it is none of these.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (host, at) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let what = match words.next()? {
            "up" => What::Up,
            "down" => What::Down,
            version => What::File(version.parse().ok()?),
        };
        words.next().is_none().then_some(Self { host, at, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back() {
        for what in [What::Up, What::Down, What::File(7)] {
            let event = Event { host: 12, at: 34, what };
            assert_eq!(Event::parse(&event.to_string()), Some(event));
        }
        assert_eq!(Event::parse("12 34 sideways"), None);
        assert_eq!(Event::parse("12 34 up again"), None);
    }

    #[test]
    fn the_clock_goes_forward() {
        let before = now();
        assert!(before > 0 && now() >= before);
    }
}
