//! The command line.

mod rollout;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Arguments, Parser, Subcommand};
use ld_cli::LogFormat;

pub(crate) use rollout::{Conduct, Rollout, StartArgs};

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
    /// Watchers report with fleet.report = true. Exit 1 if a host lags, or something is wrong there.
    Hosts(HostsArgs),
    /// Give content to a growing share of the hosts, and take it back if it does harm.
    #[command(subcommand)]
    Rollout(Rollout),
}

#[derive(Debug, Arguments)]
pub(crate) struct HostsArgs {
    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,

    /// Print only this node, and only the hosts that have it.
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<String>,

    /// Print again every 2 seconds.
    #[arg(long)]
    pub(crate) watch: bool,

    /// How many hosts to print at most, the worst first. With --watch it is 30 by default.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
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

#[derive(Debug, Arguments)]
pub(crate) struct LsArgs {
    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,

    /// The path of the node, below the chroot.
    #[arg(value_name = "PATH", default_value = "/")]
    pub(crate) path: String,

    /// Print version, size, number of children and time of the last change of each child, too.
    #[arg(short, long)]
    pub(crate) long: bool,

    /// How many children to print at most.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) limit: usize,
}

#[derive(Debug, Arguments)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The file with the content; `-` reads standard input. Without it the node is empty.
    #[arg(value_name = "SOURCE")]
    pub(crate) source: Option<PathBuf>,

    /// An entry of the node's ACL, such as world:anyone:r. Give it once for each.
    #[arg(long, value_name = "ACL", required = true)]
    pub(crate) acl: Vec<String>,

    /// An entry of the ACL of missing parents. Without it they get that of the node.
    #[arg(long, value_name = "ACL")]
    pub(crate) parents_acl: Vec<String>,

    /// Make a node empty when standard input, or the pipe that SOURCE names, is empty.
    #[arg(long)]
    pub(crate) allow_empty: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct SetAclArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    /// An entry of the new ACL, such as world:anyone:r. Give it once for each.
    #[arg(long, value_name = "ACL", required = true)]
    pub(crate) acl: Vec<String>,
}

#[derive(Debug, Arguments)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The version that the node must have.
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<i32>,

    /// Do not ask. Without a terminal it must be given.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct InitArgs {
    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,

    /// A user that may publish: everything below publish.root. Give it once for each. Without it
    /// these are the users in zookeeper.credentials that are no reporters or readers.
    #[arg(long, value_name = "USER")]
    pub(crate) publishers: Vec<String>,

    /// A user of watchers that report. Give it once for each.
    #[arg(long, value_name = "USER")]
    pub(crate) reporters: Vec<String>,

    /// A user that may read reports, rollouts with their candidates, and signatures, but no
    /// history. Give it once for each.
    #[arg(long, value_name = "USER")]
    pub(crate) readers: Vec<String>,
}

#[derive(Debug, Arguments)]
pub(crate) struct SignArgs {
    /// The file of the secret key, as minisign -G makes it.
    #[arg(value_name = "KEY")]
    pub(crate) key: PathBuf,

    /// The file with the content of the node; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The path of the node, below the chroot.
    #[arg(long, value_name = "PATH")]
    pub(crate) path: String,

    /// The file with the password of KEY, in its first line. A key without a password needs none.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Put the signature in its place in the ensemble that this INI file names.
    #[arg(long, value_name = "CONFIG")]
    pub(crate) publish: Option<PathBuf>,

    /// The counter of the signature, higher than that of the content before. Without it this is the
    /// time in milliseconds since 1970.
    #[arg(long, value_name = "N", conflicts_with = "publish")]
    pub(crate) counter: Option<u64>,

    /// The file to write the signature to, instead of standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "publish")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Arguments)]
pub(crate) struct VerifyArgs {
    /// A file of public keys, or an INI file with a node that has the source PATH and sets verify.
    #[arg(value_name = "KEYS")]
    pub(crate) keys: PathBuf,

    /// The file with the content of the node; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The file with the signature.
    #[arg(value_name = "SIGNATURE")]
    pub(crate) signature: PathBuf,

    /// The path of the node, below the chroot.
    #[arg(long, value_name = "PATH")]
    pub(crate) path: String,
}

fn timeout(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(3_600))
}
