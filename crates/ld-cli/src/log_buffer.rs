//! Log lines on their way to standard error: a bounded buffer that never blocks the thread that
//! logs.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::log_format::LogFormat;
use crate::log_repeats::Repeats;
use crate::progress::Progress;

/// At most this many log lines (32,768) wait for standard error. When it does not drain, further
/// lines are dropped and counted; the count is logged once it drains again.
pub const MAX_LOG_LINES: usize = 32_768;

/// The lines that wait have at most this many bytes together: 4 MiB (one longer line may wait
/// alone). As many again may be with the thread that writes them.
pub const MAX_LOG_BYTES: usize = 4 * 1024 * 1024;

/// What any thread logs and one thread writes.
#[derive(Debug, Default)]
pub(crate) struct LogBuffer {
    format: LogFormat,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    lines: usize,
    /// Lines dropped since the last [`LogBuffer::take`], and ever.
    unreported: u64,
    dropped: u64,
    /// Taken lines are not written yet.
    writing: bool,
    repeats: Repeats,
    progress: Option<Progress>,
    /// The progress was not taken yet.
    progressed: bool,
}

impl State {
    /// Adds a line, or counts what it stands for as dropped if the buffer is full.
    fn append(&mut self, line: &[u8], stands_for: u64) {
        let full = self.lines >= MAX_LOG_LINES || self.bytes.len() + line.len() > MAX_LOG_BYTES;
        // After a dropped line all others are dropped until the buffer is taken: shorter ones must
        // not overtake it.
        if !self.bytes.is_empty() && (full || self.unreported > 0) {
            self.unreported += stands_for;
            self.dropped += stands_for;
            self.repeats.forget();
            return;
        }
        self.bytes.extend_from_slice(line);
        self.lines += 1;
    }

    fn append_repeats(&mut self) {
        let count = self.repeats.count();
        if let Some(summary) = self.repeats.take() {
            self.append(&summary, count);
        }
    }
}

impl LogBuffer {
    /// A buffer for lines of one format.
    pub(crate) fn new(format: LogFormat) -> Self {
        let state = State { repeats: Repeats::new(format), ..State::default() };
        Self { format, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// How many lines were ever dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Adds a line that was logged at `now`, or drops it if the buffer is full. A line that repeats
    /// the last one is only counted.
    pub(crate) fn push(&self, line: &[u8], now: Instant) {
        let mut state = self.lock();
        let idle = state.bytes.is_empty();
        let had_repeats = state.repeats.due().is_some();
        if state.repeats.add(line, now) {
            if !had_repeats {
                // The thread that writes waits until the count is due.
                self.changed.notify_all();
            }
            return;
        }
        state.append_repeats();
        state.repeats.keep(line);
        state.append(line, 1);
        if idle && !state.writing {
            self.changed.notify_all();
        }
    }

    /// Changes the progress that is shown below the lines.
    pub(crate) fn set_progress(&self, progress: Option<Progress>) {
        let mut state = self.lock();
        if state.progress != progress {
            (state.progress, state.progressed) = (progress, true);
            self.changed.notify_all();
        }
    }

    /// Waits for lines or progress, and takes all lines and the progress. What was taken before
    /// counts as written now.
    pub(crate) fn take(&self) -> (Vec<u8>, Option<Progress>) {
        let mut state = self.lock();
        state.writing = false;
        self.changed.notify_all();
        while state.bytes.is_empty() && !state.progressed {
            let Some(due) = state.repeats.due() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.append_repeats();
            } else {
                let waited = self.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        (state.writing, state.progressed) = (true, false);
        state.lines = 0;
        let dropped = mem::take(&mut state.unreported);
        let mut bytes = mem::take(&mut state.bytes);
        let progress = state.progress;
        drop(state);
        if dropped > 0 {
            let (lines, were) = if dropped == 1 { ("line", "was") } else { ("lines", "were") };
            let note = format!("{dropped} log {lines} {were} dropped: standard error did not drain");
            bytes.extend_from_slice(self.format.note(&note).as_bytes());
        }
        (bytes, progress)
    }

    /// Waits until all lines are written, `limit` at most. Returns whether they are.
    pub(crate) fn flush(&self, limit: Duration) -> bool {
        let pending = |state: &mut State| state.writing || state.progressed || !state.bytes.is_empty();
        let mut state = self.lock();
        state.append_repeats();
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(state, limit, pending);
        let (_state, result) = waited.unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
