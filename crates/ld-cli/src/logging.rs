//! Log lines on standard error: bare messages by default, as the original prints them.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ld_config::escape_hidden;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::log_buffer::LogBuffer;
use crate::log_writer;

/// How long the end of a process waits for a standard error that takes no more bytes.
pub const FLUSH_LIMIT: Duration = Duration::from_millis(500);

/// How long it waits at most while standard error takes bytes, but the thread that writes them gets
/// no processor time.
const SLOW_FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// How often standard error is looked at meanwhile.
const FLUSH_STEP: Duration = Duration::from_millis(50);

/// Crates of the ZooKeeper client. Their lower levels are noise at best: the client prints the
/// password of its session at `DEBUG`.
const QUIET: [&str; 4] = ["zookeeper_client", "asyncs", "polling", "async_io"];

/// The crate that keeps the sessions.
const SESSIONS: &str = "ld_zk";

/// The lines of this process; empty until logging starts.
static LINES: OnceLock<Arc<LogBuffer>> = OnceLock::new();

static WARNINGS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);

/// How many warnings and errors were logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemsLogged {
    /// Lines of the level `WARN`.
    pub warnings: u64,
    /// Lines of the level `ERROR`.
    pub errors: u64,
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// Log from `DEBUG` on, with level and target; otherwise from `INFO` on, as bare messages.
    pub debug: bool,
    /// Log each session that opens, as a daemon should; otherwise sessions are logged only when
    /// something is wrong.
    pub session_news: bool,
}

/// Starts to gather log lines, without a thread; [`start_writing`] writes them. Has no effect if
/// logging was started before.
pub(crate) fn start(options: LogOptions) {
    let LogOptions { debug, session_news } = options;
    let level = if debug { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let quiet = if debug { LevelFilter::INFO } else { LevelFilter::OFF };
    let sessions = if session_news || debug { level } else { LevelFilter::WARN };
    let targets = Targets::new()
        .with_default(level)
        .with_target(SESSIONS, sessions)
        .with_targets(QUIET.map(|target| (target, quiet)));
    let buffer = Arc::new(LogBuffer::default());
    if LINES.set(Arc::clone(&buffer)).is_ok() {
        let make_writer = move || ToBuffer(Arc::clone(&buffer));
        let lines = tracing_subscriber::fmt::layer().with_writer(make_writer).event_format(Lines { debug });
        let _ = tracing_subscriber::registry().with(targets).with(lines).try_init();
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

/// How many warnings and errors this process has logged.
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

/// One event, one line.
struct Lines {
    debug: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let meta = event.metadata();
        match *meta.level() {
            Level::ERROR => _ = ERRORS.fetch_add(1, Ordering::Relaxed),
            Level::WARN => _ = WARNINGS.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
        if self.debug {
            write!(line, "{} {}: ", meta.level(), meta.target())?;
        }
        // Names and messages of others may be part of it.
        let mut message = String::new();
        context.format_fields(Writer::new(&mut message), event)?;
        writeln!(line, "{}", escape_hidden(&message))
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
