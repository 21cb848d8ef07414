//! The command line.

mod fleet;
mod history;
mod nodes;
pub(crate) mod rollout;
mod signing;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args as Arguments, Parser, Subcommand};
use ld_cli::LogFormat;

pub(crate) use fleet::HostsArgs;
pub(crate) use history::{DiffArgs, RollbackArgs, ShowArgs};
pub(crate) use nodes::{CreateArgs, DeleteArgs, InitArgs, LsArgs, SetAclArgs};
pub(crate) use signing::{SignArgs, VerifyArgs};

/// Look at the nodes of a ZooKeeper ensemble, make, change and remove them.
///
/// What was asked for goes to standard output, everything else to standard error.
///
/// Exit codes: 0 done; 1 failed, or CONFIG is wrong; 2 wrong usage, or a file cannot be opened; 3
/// no session with ZooKeeper in time.
#[derive(Debug, Parser)]
#[command(name = "live-data-ctl", version = ld_cli::VERSION)]
#[command(disable_help_subcommand = true)]
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

    /// Print JSON on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the content of a node.
    ///
    /// It comes as it is. On a terminal characters that it may act upon are escaped.
    Get(Place),
    /// Print versions, times, sizes and the ACL of a node.
    Stat(Place),
    /// List the children of a node.
    Ls(LsArgs),
    /// Make a node with its parents, content and ACL in one step.
    ///
    /// An ACL entry is scheme:id:permissions, such as world:anyone:r or ip:10.0.0.0/8:r; the
    /// permissions are letters of cdrwa (create children, delete children, read, write, admin), or
    /// all. auth::all stands for the users in zookeeper.credentials. digest-secret:secret/path:all
    /// is a user with a user:password in the secrets store.
    Create(CreateArgs),
    /// Replace the ACL of a node, and show the change.
    SetAcl(SetAclArgs),
    /// Remove a node without children.
    ///
    /// Watchers remove its file, unless their configuration keeps it.
    Delete(DeleteArgs),
    /// Make the directories below publish.root, for what belongs to publications.
    ///
    /// It can be run again at any time: what is there stays as it is. A USER is scheme:id, such as
    /// world:anyone, sasl:ops or digest-secret:secret/path.
    Init(InitArgs),
    /// Sign a file for a node, with a secret key of minisign, and print the signature.
    ///
    /// Watchers apply the content then, also where nodes.NAME.verify is set. With --publish the
    /// signature is put beside the node, which must hold that content already; without it no server
    /// is asked.
    Sign(SignArgs),
    /// Verify the signature of a file for a node: 0 if it counts. No server is asked.
    Verify(VerifyArgs),
    /// Print which hosts have which version, which lag, and where something is wrong.
    ///
    /// Watchers report with fleet.report = true. Exit 1 if a host lags, or something is wrong
    /// there.
    Hosts(HostsArgs),
    /// Give content to a growing share of the hosts, and take it back if it does harm.
    #[command(subcommand)]
    Rollout(rollout::Rollout),
    /// Print what was published in a node, the latest first.
    ///
    /// Publications are recorded if publish.history is set. A star marks what the node holds now.
    Log(Place),
    /// Print the content of a publication, by its number in the log.
    Show(ShowArgs),
    /// Print the difference between two publications, or between one and what the node holds now.
    Diff(DiffArgs),
    /// Publish again what was published before.
    ///
    /// It is a publication like any other: guards judge it, the change is shown, nothing is written
    /// if the node changes meanwhile, and it is recorded. What was published together goes back
    /// together.
    Rollback(RollbackArgs),
}

/// A node of an ensemble.
#[derive(Debug, Arguments)]
pub(crate) struct Place {
    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,

    /// The path of the node, below the chroot.
    // An empty one comes from a variable that is not set, and would be the root.
    #[arg(value_name = "PATH", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) path: String,
}

fn timeout(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(3_600))
}
