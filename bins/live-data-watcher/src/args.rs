//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand};
use ld_cli::LogFormat;

/// Keep local files equal to ZooKeeper nodes.
///
/// Watches every node that CONFIG names and replaces its file, atomically, within milliseconds of a
/// change. The mtime of each file is a heartbeat: it moves only while the file is known to be
/// current.
///
/// Exit codes: 0 done, or ended by SIGTERM or SIGINT; 1 failed, or CONFIG is wrong; 2 wrong usage,
/// or CONFIG cannot be opened.
#[derive(Debug, Parser)]
#[command(name = "live-data-watcher", version = ld_cli::VERSION)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Log more, for finding faults.
    #[arg(long)]
    pub(crate) debug: bool,

    /// What log lines look like: plain is the bare message, full has time, level and target, json
    /// is an object with fields.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub(crate) log_format: LogFormat,

    /// Sync every node once, with a line for each, and exit: 0 if every file is as its node wants
    /// it, else 1. The file of a node that does not exist is removed, and that is no failure.
    #[arg(long)]
    pub(crate) once: bool,

    /// With --once: leave the files of nodes that do not exist alone, and exit with 1, too, if
    /// there is such a node or any warning or error was logged.
    #[arg(long, requires = "once")]
    pub(crate) strict: bool,

    /// How long --once waits for all nodes: 500ms, 1.5s, 2m, or plain seconds; at most a day.
    #[arg(long, value_name = "DURATION", default_value = "60s", requires = "once", value_parser = timeout)]
    pub(crate) timeout: Duration,

    /// The INI file with a [live-data] section; `-` reads standard input. A file with the name of a
    /// command is written with its directory: `./check`.
    #[arg(value_name = "CONFIG", required = true)]
    config: Option<PathBuf>,
}

/// What a running watcher is asked, and what a configuration is asked without one.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the state of the watcher that runs with CONFIG: 0 if every file is as it should be, 1
    /// if one is not, 3 if the watcher cannot be asked.
    Status(StatusArgs),
    /// Check CONFIG, with the files that it trusts: 0 if it is right, 1 with every problem if it is
    /// not, 3 if --connect finds no ZooKeeper. Nothing is changed.
    Check(CheckArgs),
    /// Print CONFIG as it is understood, with all defaults; values with variables as CONFIG has
    /// them, since an environment may hold secrets.
    PrintConfig {
        /// The INI file.
        config: PathBuf,
    },
}

/// How the state is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// Show it again every second, until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,

    /// How long the watcher may take to answer: 500ms, 1.5s, 2m, or plain seconds.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = timeout)]
    pub(crate) timeout: Duration,

    /// The INI file that the watcher runs with; it must set status.listen.
    pub(crate) config: PathBuf,
}

/// How a configuration is checked.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Exit with 1 if there is a warning, too, or a node that does not exist.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Print the problems, and what would happen to each node, as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// Also read every node and its ACL, run its checks, look at its owner and its directory, and
    /// say what a watcher would do: exit with 1 if a file could not become right.
    #[arg(long)]
    pub(crate) connect: bool,

    /// How long --connect may take: 500ms, 1.5s, 2m, or plain seconds; at most a day.
    #[arg(long, value_name = "DURATION", default_value = "30s", requires = "connect", value_parser = timeout)]
    pub(crate) timeout: Duration,

    /// The INI file; `-` reads standard input.
    pub(crate) config: PathBuf,
}

impl Args {
    /// The CONFIG argument, which is there unless a subcommand is.
    pub(crate) fn config(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(""))
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(86_400))
}
