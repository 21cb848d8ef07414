//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Arguments, Parser, Subcommand};
use ld_cli::LogFormat;

/// Look at the nodes of a ZooKeeper ensemble, and at what was published in them.
#[derive(Debug, Parser)]
#[command(name = "live-data-ctl", version = ld_cli::VERSION)]
pub(crate) struct Args {
    /// Log more, for finding faults.
    #[arg(long, global = true)]
    pub(crate) debug: bool,

    /// What log lines look like: plain is the bare message, full has time, level and target, json
    /// is an object with fields.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "plain")]
    pub(crate) log_format: LogFormat,

    /// How long to wait for a connection to ZooKeeper: 500ms, 1.5s, 2m, or plain seconds; at most
    /// an hour.
    #[arg(long, global = true, value_name = "DURATION", default_value = "15s", value_parser = timeout)]
    pub(crate) timeout: Duration,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the content of a node.
    Get(Place),
}

/// A node of an ensemble.
#[derive(Debug, Arguments)]
pub(crate) struct Place {
    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,

    /// The path of the node, below the chroot.
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
}

fn timeout(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(3_600))
}
