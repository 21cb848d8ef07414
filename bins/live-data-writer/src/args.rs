//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Write a file's content to a ZooKeeper node.
///
/// Shows what changes as a unified diff on standard output, and writes only if the node is still what was compared.
#[derive(Debug, Parser)]
#[command(name = "live-data-writer", version)]
pub(crate) struct Args {
    /// Log more, for finding faults.
    #[arg(long)]
    pub(crate) debug: bool,

    /// Show what would change and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// How long to wait for a connection to ZooKeeper, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) timeout: u32,

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
