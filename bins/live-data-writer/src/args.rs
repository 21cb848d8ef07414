//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use ld_cli::LogFormat;
use ld_fleet::Share;

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

    /// After the write wait until this share of the hosts that report the node have its content,
    /// such as 99%. Watchers report with fleet.report = true. Exit 4 if that takes too long.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) wait: Option<Share>,

    /// How long `--wait` waits: 500ms, 1.5s, 2m, or plain seconds; at most a day.
    #[arg(long, value_name = "DURATION", default_value = "60s", requires = "wait", value_parser = wait_timeout)]
    pub(crate) wait_timeout: Duration,

    /// Upload the content to S3, below s3://bucket/prefix, and write a pointer to it into the node.
    /// Nothing in the bucket is overwritten or removed.
    #[arg(long, value_name = "S3_URL")]
    pub(crate) via_s3: Option<String>,

    /// Encrypt each version in S3 with a new key of its own (SSE-C), which only the node holds.
    #[arg(long, requires = "via_s3")]
    pub(crate) sse_c: bool,

    /// Store the content under the prefixes 1/ to N-1/ of the bucket, of which each watcher takes
    /// one: 2 to 1000.
    #[arg(long, value_name = "N", requires = "via_s3", value_parser = clap::value_parser!(u64).range(2..=1000))]
    pub(crate) shards: Option<u64>,

    /// Sign the content with this secret key of minisign, so that watchers with nodes.NAME.verify
    /// apply it.
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,

    /// The file with the password of KEY, in its first line. A key without a password needs none.
    #[arg(long, value_name = "FILE", requires = "sign")]
    pub(crate) sign_password_file: Option<PathBuf>,

    /// Write this file into this node in the same transaction: all nodes are written, or none. Give
    /// it once for each node; PATH begins with a slash.
    #[arg(long, value_name = "SOURCE=PATH", conflicts_with = "via_s3", value_parser = also, allow_hyphen_values = true)]
    pub(crate) also: Vec<(PathBuf, String)>,

    /// What the history says about it, if publish.history is set; 1,000 bytes at most.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,

    /// The author that the history names. Without it this is the user and the host.
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,

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

/// A file name with `=` before a slash cannot be given; a path may have any.
fn also(text: &str) -> Result<(PathBuf, String), String> {
    match text.find("=/") {
        Some(at) if at > 0 => Ok((text[..at].into(), text[at + 1..].to_owned())),
        _ => Err("it is a file, '=' and the path of a node, such as flags.json=/app/flags".to_owned()),
    }
}

fn share(text: &str) -> Result<Share, String> {
    match text.parse::<Share>() {
        Ok(Share::NONE) => Err("it is a percentage above 0% and up to 100%".to_owned()),
        Ok(share) => Ok(share),
        Err(cause) => Err(cause.to_string()),
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(3_600))
}

fn wait_timeout(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(86_400))
}
