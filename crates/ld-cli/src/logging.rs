//! Log lines on standard error: bare messages by default, as the original prints them.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Crates of the ZooKeeper client, whose lower levels are noise at best: the client prints the password of its
/// session at `DEBUG`.
const QUIET: [&str; 4] = ["zookeeper_client", "asyncs", "polling", "async_io"];

/// Gathered lines are written when they are so many bytes, at the latest.
const MOST_GATHERED: usize = 8 * 1024;

thread_local! {
    /// The lines of this thread that are not written yet; `None` if it writes each at once.
    static GATHERED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// The crate that keeps the sessions.
const SESSIONS: &str = "ld_zk";

/// Starts to log on standard error: messages from `INFO` on, or with `debug` from `DEBUG` on with level and target.
///
/// A session that opens is news to a daemon's log; without `session_news` sessions are mentioned only when something is wrong.
/// Does nothing if logging was started before.
pub fn init_logging(debug: bool, session_news: bool) {
    let level = if debug { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let quiet = if debug { LevelFilter::INFO } else { LevelFilter::OFF };
    let sessions = if session_news || debug { level } else { LevelFilter::WARN };
    let targets = Targets::new()
        .with_default(level)
        .with_target(SESSIONS, sessions)
        .with_targets(QUIET.map(|target| (target, quiet)));
    let lines = tracing_subscriber::fmt::layer().with_writer(ToStderr).event_format(Lines { debug });
    let _ = tracing_subscriber::registry().with(targets).with(lines).try_init();
}

/// Gathers this thread's lines until [`flush_lines`], since a system call for each takes longer than all the rest of it: a reactor
/// calls that whenever it has nothing to do. Warnings and errors are written at once, with all that came before them.
///
/// A process that is killed takes with it what it has gathered since its reactor rested last: some milliseconds.
pub fn gather_lines() {
    GATHERED.with_borrow_mut(|gathered| _ = gathered.get_or_insert_default());
}

/// Writes what this thread has gathered.
pub fn flush_lines() {
    // There is nowhere to say that nothing can be said.
    let _ = GATHERED.with_borrow_mut(|gathered| gathered.as_mut().map_or(Ok(()), write_out));
}

fn write_out(gathered: &mut Vec<u8>) -> io::Result<()> {
    if gathered.is_empty() {
        return Ok(());
    }
    let written = io::stderr().lock().write_all(gathered);
    gathered.clear();
    written
}

/// Standard error, or what is gathered for it.
struct ToStderr;

/// The writer of one line.
struct LineWriter {
    urgent: bool,
}

impl<'a> MakeWriter<'a> for ToStderr {
    type Writer = LineWriter;

    fn make_writer(&'a self) -> LineWriter {
        LineWriter { urgent: true }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> LineWriter {
        LineWriter { urgent: *meta.level() <= Level::WARN }
    }
}

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        GATHERED.with_borrow_mut(|gathered| match gathered {
            None => io::stderr().write(line),
            Some(gathered) => {
                gathered.extend_from_slice(line);
                if self.urgent || gathered.len() >= MOST_GATHERED {
                    write_out(gathered)?;
                }
                Ok(line.len())
            }
        })
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
        if self.debug {
            write!(line, "{} {}: ", meta.level(), meta.target())?;
        }
        context.format_fields(line.by_ref(), event)?;
        writeln!(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered() -> Option<usize> {
        GATHERED.with_borrow(|gathered| gathered.as_ref().map(Vec::len))
    }

    fn say(urgent: bool, line: &str) {
        LineWriter { urgent }.write_all(line.as_bytes()).unwrap();
    }

    #[test]
    fn a_thread_that_gathers_nothing_writes_at_once() {
        say(false, "at once\n");
        assert_eq!(gathered(), None);
        flush_lines();
    }

    #[test]
    fn lines_are_gathered_until_they_are_flushed_or_urgent_or_many() {
        gather_lines();
        say(false, "news\n");
        gather_lines();
        assert_eq!(gathered(), Some(5), "asking twice loses nothing");
        flush_lines();
        assert_eq!(gathered(), Some(0));
        say(false, "news\n");
        say(true, "a warning\n");
        assert_eq!(gathered(), Some(0));
        for _ in 0..MOST_GATHERED {
            say(false, "a line\n");
            assert!(gathered() < Some(MOST_GATHERED));
        }
    }
}
