//! Log lines on standard error: bare messages by default, as the original prints them.

use std::env;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tracing::{Event, Level, Subscriber, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::log_buffer::LogBuffer;
use crate::log_filter;
use crate::log_format::{Lines, LogFormat};
use crate::log_writer;
use crate::progress::Progress;

/// The variable of the environment that filters log lines.
const FILTER: &str = "RUST_LOG";

/// How long the end of a process waits for a standard error that takes no more bytes: 500 ms.
pub const FLUSH_LIMIT: Duration = Duration::from_millis(500);

/// How long it waits at most while standard error takes bytes, but the thread that writes them gets
/// no processor time.
const SLOW_FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// How often standard error is looked at meanwhile.
const FLUSH_STEP: Duration = Duration::from_millis(50);

/// The lines of this process; empty until logging starts.
static LINES: OnceLock<Arc<LogBuffer>> = OnceLock::new();

static WARNINGS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);

/// How many warnings and errors there were, whether or not `RUST_LOG` lets them through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemsLogged {
    /// Events of the level `WARN`.
    pub warnings: u64,
    /// Events of the level `ERROR`.
    pub errors: u64,
}

/// What is logged, and how. Directives in `RUST_LOG`, such as `warn` or `ld_zk=debug`, change what
/// is logged of the targets that they name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Log from `DEBUG` on, with level and target; otherwise from `INFO` on.
    pub debug: bool,
    /// Log each session that opens, as a daemon should; otherwise sessions are logged only when
    /// something is wrong.
    pub session_news: bool,
    /// What a line looks like.
    pub format: LogFormat,
}

/// Starts to gather log lines, without a thread; [`start_writing`] writes them. Has no effect if
/// logging was started before.
pub(crate) fn start(options: LogOptions) {
    let LogOptions { debug, session_news, format } = options;
    let defaults = log_filter::defaults(debug, session_news);
    let directives = env::var_os(FILTER).unwrap_or_default();
    let directives = directives.to_string_lossy();
    let (targets, mistake) = match log_filter::changed_by(&directives, defaults.clone()) {
        Ok(targets) => (targets, None),
        Err(error) => (defaults.clone(), Some(error)),
    };
    let buffer = Arc::new(LogBuffer::new(format));
    if LINES.set(Arc::clone(&buffer)).is_ok() {
        let make_writer = move || ToBuffer(Arc::clone(&buffer));
        let lines = tracing_subscriber::fmt::layer().with_writer(make_writer);
        let lines = lines.event_format(Lines::new(format, debug)).with_filter(targets);
        let problems = Problems.with_filter(defaults);
        let _ = tracing_subscriber::registry().with(problems).with(lines).try_init();
    }
    if let Some(error) = mistake {
        warn!("{FILTER} is ignored, as it cannot be parsed: {error}");
    }
}

/// Starts the thread that writes the lines to standard error.
///
/// # Errors
///
/// The system refuses the thread.
pub(crate) fn start_writing() -> io::Result<()> {
    LINES.get().map_or(Ok(()), |buffer| log_writer::start(Arc::clone(buffer)))
}

/// Waits until everything that was logged is written. Gives up when standard error has taken no
/// bytes for [`FLUSH_LIMIT`], or after 5 s. Returns whether all is written.
///
/// [`run_main`](crate::run_main) does this at the end; call it before [`std::process::exit`].
pub fn flush_log() -> bool {
    LINES.get().is_none_or(|lines| flush(|limit| lines.flush(limit), log_writer::has_room))
}

/// Counts steps, not time: a pause of the whole process is not the fault of standard error.
fn flush(is_flushed_within: impl Fn(Duration) -> bool, has_room: impl Fn() -> bool) -> bool {
    let (mut slow, mut stalled) = (Duration::ZERO, Duration::ZERO);
    while slow < SLOW_FLUSH_LIMIT && stalled < FLUSH_LIMIT {
        if is_flushed_within(FLUSH_STEP) {
            return true;
        }
        slow += FLUSH_STEP;
        stalled = if has_room() { Duration::ZERO } else { stalled + FLUSH_STEP };
    }
    false
}

/// Changes the progress that is shown below the lines.
pub(crate) fn set_progress(progress: Option<Progress>) {
    if let Some(lines) = LINES.get() {
        lines.set_progress(progress);
    }
}

/// How many log lines were dropped since standard error did not drain.
pub fn log_lines_dropped() -> u64 {
    LINES.get().map_or(0, |lines| lines.dropped())
}

/// How many warnings and errors this process has had.
pub fn problems_logged() -> ProblemsLogged {
    ProblemsLogged { warnings: WARNINGS.load(Ordering::Relaxed), errors: ERRORS.load(Ordering::Relaxed) }
}

/// The writer of one line.
struct ToBuffer(Arc<LogBuffer>);

impl Write for ToBuffer {
    /// Called once for each event, with the whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line, Instant::now());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts warnings and errors.
struct Problems;

impl<S: Subscriber> Layer<S> for Problems {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        match *event.metadata().level() {
            Level::ERROR => _ = ERRORS.fetch_add(1, Ordering::Relaxed),
            Level::WARN => _ = WARNINGS.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How long a flush waits that never succeeds, with a standard error that has room or not.
    fn waited(has_room: bool) -> Duration {
        let waited = Cell::new(Duration::ZERO);
        let step = |limit| {
            waited.set(waited.get() + limit);
            false
        };
        assert!(!flush(step, || has_room));
        waited.get()
    }

    #[test]
    fn a_flush_gives_up_sooner_when_standard_error_is_full() {
        assert_eq!((waited(false), waited(true)), (FLUSH_LIMIT, SLOW_FLUSH_LIMIT));
        assert!(flush(|_| true, || unreachable!("it is not looked at")));
    }
}
