//! Log lines on their way to standard error: a bounded buffer that never blocks the thread that
//! logs.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// At most this many log lines wait for standard error. When it does not drain, further lines are
/// dropped and counted; the count is logged once it drains again.
pub const MAX_LOG_LINES: usize = 32_768;

/// The lines that wait have at most this many bytes together (one longer line may wait alone). As
/// many again may be with the thread that writes them.
pub const MAX_LOG_BYTES: usize = 4 * 1024 * 1024;

/// What any thread logs and one thread writes.
#[derive(Debug, Default)]
pub(crate) struct LogBuffer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    lines: usize,
    /// Lines dropped since the last [`LogBuffer::take`].
    dropped: u64,
    /// Taken lines are not written yet.
    writing: bool,
}

impl LogBuffer {
    /// Adds a line, or drops it if the buffer is full.
    pub(crate) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        let idle = state.bytes.is_empty();
        let full = state.lines >= MAX_LOG_LINES || state.bytes.len() + line.len() > MAX_LOG_BYTES;
        // After a dropped line all others are dropped until the buffer is taken: shorter ones must
        // not overtake it.
        if !idle && (full || state.dropped > 0) {
            state.dropped += 1;
            return;
        }
        state.bytes.extend_from_slice(line);
        state.lines += 1;
        if idle && !state.writing {
            self.changed.notify_all();
        }
    }

    /// Waits for lines and takes all of them. What was taken before counts as written now.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut state = self.lock();
        state.writing = false;
        self.changed.notify_all();
        let waited = self.changed.wait_while(state, |state| state.bytes.is_empty());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        state.lines = 0;
        let dropped = mem::take(&mut state.dropped);
        let mut bytes = mem::take(&mut state.bytes);
        drop(state);
        if dropped > 0 {
            let (lines, were) = if dropped == 1 { ("line", "was") } else { ("lines", "were") };
            let note = format!("{dropped} log {lines} {were} dropped: standard error did not drain\n");
            bytes.extend_from_slice(note.as_bytes());
        }
        bytes
    }

    /// Waits until all lines are written, `limit` at most. Returns whether they are.
    pub(crate) fn flush(&self, limit: Duration) -> bool {
        let pending = |state: &mut State| state.writing || !state.bytes.is_empty();
        let waited = self.changed.wait_timeout_while(self.lock(), limit, pending);
        let (_state, result) = waited.unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_are_taken_in_order_and_all_at_once() {
        let buffer = LogBuffer::default();
        for number in 0..3 {
            buffer.push(format!("{number}\n").as_bytes());
        }
        assert_eq!(text(buffer.take()), "0\n1\n2\n");
    }

    #[test]
    fn too_many_lines_are_dropped_and_counted_once() {
        let buffer = LogBuffer::default();
        (0..MAX_LOG_LINES + 7).for_each(|_| buffer.push(b"x\n"));
        let taken = text(buffer.take());
        let note = "7 log lines were dropped: standard error did not drain\n";
        assert_eq!(taken.lines().count(), MAX_LOG_LINES + 1);
        assert!(taken.ends_with(note), "{}", &taken[taken.len() - 100..]);
        buffer.push(b"after\n");
        assert_eq!(text(buffer.take()), "after\n");
    }

    #[test]
    fn too_many_bytes_are_dropped_and_no_line_overtakes() {
        let buffer = LogBuffer::default();
        let half = vec![b'x'; MAX_LOG_BYTES / 2];
        [&half[..], &half, b"long\n", b""].into_iter().for_each(|line| buffer.push(line));
        let taken = text(buffer.take());
        assert_eq!(&taken[MAX_LOG_BYTES..], "2 log lines were dropped: standard error did not drain\n");
    }

    #[test]
    fn one_line_longer_than_the_buffer_passes() {
        let buffer = LogBuffer::default();
        buffer.push(&vec![b'x'; MAX_LOG_BYTES + 1]);
        buffer.push(b"dropped\n");
        let taken = text(buffer.take());
        assert_eq!(&taken[MAX_LOG_BYTES + 1..], "1 log line was dropped: standard error did not drain\n");
    }

    #[test]
    fn a_flush_waits_for_what_is_taken_but_not_written() {
        let buffer = LogBuffer::default();
        assert!(buffer.flush(Duration::ZERO), "there is nothing to write");
        buffer.push(b"a\n");
        assert!(!buffer.flush(Duration::from_millis(1)));
        buffer.take();
        assert!(!buffer.flush(Duration::from_millis(1)));
        std::thread::scope(|scope| {
            // It waits for the next line, and so has written the last.
            scope.spawn(|| buffer.take());
            assert!(buffer.flush(Duration::from_secs(30)));
            buffer.push(b"end\n");
        });
    }
}
