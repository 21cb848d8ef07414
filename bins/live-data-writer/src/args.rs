//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use ld_cli::LogFormat;

/// Write a file's content to a ZooKeeper node.
///
/// Shows what changes as a unified diff on standard output, and writes only if the node is still
/// what was compared.
#[derive(Debug, Parser)]
#[command(name = "live-data-writer", version = ld_cli::VERSION)]
pub(crate) struct Args {
    /// Log more, for finding faults.
    #[arg(long)]
    pub(crate) debug: bool,

    /// What log lines look like: plain is the bare message, full has time, level and target, json
    /// is an object with fields.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub(crate) log_format: LogFormat,

    /// Show what would change and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write a node empty when standard input, or the pipe that SOURCE names, is empty. Otherwise
    /// that is an error, since a failed command before a `|` looks the same.
    #[arg(long)]
    pub(crate) allow_empty: bool,

    /// How long to wait for a connection to ZooKeeper: 500ms, 1.5s, 2m, or plain seconds; at most
    /// an hour.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = timeout)]
    pub(crate) timeout: Duration,

    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,

    /// The file with the new content; `-` reads standard input.
    #[arg(value_name = "SOURCE")]
    pub(crate) source: PathBuf,

    /// The path of an existing node, below the chroot.
    #[arg(value_name = "DEST")]
    pub(crate) dest: String,
}

fn timeout(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(3_600))
}
