//! Floods of one line: repeats are counted, and the count is written in their place.
//!
//! Only a line that equals the line right before it, but for its time, is a repeat. So the order of
//! events shows, and one line is all that has to be kept.

use std::mem;
use std::time::{Duration, Instant};

use crate::log_format::LogFormat;

/// A line that comes again within this time is counted. A count is written no later than this.
pub(crate) const REPEAT_WINDOW: Duration = Duration::from_secs(10);

/// Longer lines are not kept, so their repeats are written, in bytes.
const MAX_KEPT: usize = 16 * 1024;

/// The last line, and how often it was repeated since it was written.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    format: LogFormat,
    /// Empty if there is none to compare with.
    last: Vec<u8>,
    seen_at: Option<Instant>,
    count: u64,
    due: Option<Instant>,
}

impl Repeats {
    /// Nothing was repeated yet.
    pub(crate) fn new(format: LogFormat) -> Self {
        Self { format, ..Self::default() }
    }

    /// Whether `line` repeats the last one. If so, it is counted.
    pub(crate) fn add(&mut self, line: &[u8], now: Instant) -> bool {
        let is_recent = self.seen_at.is_some_and(|seen| now.saturating_duration_since(seen) < REPEAT_WINDOW);
        let is_repeat = is_recent && !line.is_empty() && self.is_last(line);
        self.seen_at = Some(now);
        if is_repeat {
            self.keep(line);
            self.count += 1;
            self.due.get_or_insert(now + REPEAT_WINDOW);
        }
        is_repeat
    }

    fn is_last(&self, line: &[u8]) -> bool {
        let time = self.format.time_bytes();
        self.last.len() == line.len() && self.last.get(time..) == line.get(time..)
    }

    /// `line` was written: what follows is compared with it.
    pub(crate) fn keep(&mut self, line: &[u8]) {
        self.last.clear();
        if line.len() <= MAX_KEPT {
            self.last.extend_from_slice(line);
        }
    }

    /// The last line was not written: what follows is compared with nothing.
    pub(crate) fn forget(&mut self) {
        self.last.clear();
    }

    /// How many repeats are not written yet.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// When the count is to be written, if there is one.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What is to be written for the counted lines: for one of them the line itself.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        self.due = None;
        match mem::take(&mut self.count) {
            0 => None,
            1 => Some(self.last.clone()),
            count => {
                let note = format!("(the last line was repeated {count} times)");
                Some(self.format.note(&note).into_bytes())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_right_after_its_equal_is_a_repeat() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        assert!(!repeats.add(b"a\n", now));
        repeats.keep(b"a\n");
        assert!(repeats.add(b"a\n", now) && !repeats.add(b"b\n", now));
        repeats.keep(b"b\n");
        assert!(!repeats.add(b"a\n", now));
    }

    #[test]
    fn a_line_after_the_window_is_no_repeat() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        repeats.add(b"a\n", now);
        repeats.keep(b"a\n");
        assert!(!repeats.add(b"a\n", now + REPEAT_WINDOW));
        assert_eq!((repeats.take(), repeats.due()), (None, None));
    }

    #[test]
    fn a_flood_has_a_count_due_in_each_window() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        repeats.add(b"a\n", start);
        repeats.keep(b"a\n");
        let second = Duration::from_secs(1);
        assert!((1..=5).all(|step| repeats.add(b"a\n", start + step * second)));
        assert_eq!(repeats.due(), Some(start + second + REPEAT_WINDOW));
        assert_eq!(repeats.take().unwrap(), b"(the last line was repeated 5 times)\n");
        assert!(repeats.add(b"a\n", start + 6 * second));
        assert_eq!(repeats.due(), Some(start + 6 * second + REPEAT_WINDOW));
        assert_eq!(repeats.take().unwrap(), b"a\n");
    }

    #[test]
    fn lines_that_differ_in_their_time_only_are_repeats() {
        let mut repeats = Repeats::new(LogFormat::Full);
        let [first, second] = ["51.000001", "52.000002"].map(|time| format!("2026-11-29T09:10:{time}Z a\n"));
        repeats.add(first.as_bytes(), Instant::now());
        repeats.keep(first.as_bytes());
        assert!(repeats.add(second.as_bytes(), Instant::now()));
        assert_eq!(repeats.take().unwrap(), second.as_bytes(), "one repeat is written with its own time");
    }

    #[test]
    fn a_long_line_is_not_kept() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        let long = vec![b'x'; MAX_KEPT + 1];
        repeats.add(&long, now);
        repeats.keep(&long);
        assert!(!repeats.add(&long, now));
    }
}
