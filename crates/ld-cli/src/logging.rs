//! Log lines on standard error: bare messages by default, as the original prints them.

use std::fmt;
use std::io;

use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Crates of the ZooKeeper client, whose lower levels are noise at best: the client prints the password of its
/// session at `DEBUG`.
const QUIET: [&str; 4] = ["zookeeper_client", "asyncs", "polling", "async_io"];

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
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).event_format(Lines { debug });
    let _ = tracing_subscriber::registry().with(targets).with(lines).try_init();
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
