//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Keep local files equal to ZooKeeper nodes.
///
/// Watches every node that CONFIG names and replaces its file, atomically, within milliseconds of a
/// change. The mtime of each file is a heartbeat: it moves only while the file is known to be
/// current.
#[derive(Debug, Parser)]
#[command(name = "live-data-watcher", version)]
pub(crate) struct Args {
    /// Log more, for finding faults.
    #[arg(long)]
    pub(crate) debug: bool,

    /// Sync every node once and exit: 0 if all are in place, 1 with a list of those that are not.
    #[arg(long)]
    pub(crate) once: bool,

    /// With --once: exit with 1, too, if a node does not exist or anything was warned about.
    #[arg(long, requires = "once")]
    pub(crate) strict: bool,

    /// How long --once waits for all nodes: 500ms, 1.5s, 2m, or plain seconds; at most a day.
    #[arg(long, value_name = "DURATION", default_value = "60s", requires = "once", value_parser = timeout)]
    pub(crate) timeout: Duration,

    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,
}

fn timeout(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(86_400))
}
