//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Keep local files equal to ZooKeeper nodes.
///
/// Watches every node that CONFIG names and replaces its file, atomically, within milliseconds of a change. The
/// mtime of each file is a heartbeat: it moves only while the file is known to be current.
#[derive(Debug, Parser)]
#[command(name = "live-data-watcher", version)]
pub(crate) struct Args {
    /// Log more, for finding faults.
    #[arg(long)]
    pub(crate) debug: bool,

    /// Sync every node once and exit: 0 if all are in place, 1 with a list of those that are not.
    #[arg(long)]
    pub(crate) once: bool,

    /// How long --once waits for all nodes, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "once",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) timeout: u32,

    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,
}
