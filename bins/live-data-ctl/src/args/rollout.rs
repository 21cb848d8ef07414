//! The command line of `rollout`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Arguments, Subcommand};
use ld_fleet::Share;

use super::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum Rollout {
    /// Start a rollout, and conduct it to its end.
    ///
    /// SOURCE becomes the candidate of the first share of the hosts. The share grows while the
    /// reports of the hosts are good, and the node gets the candidate at the end. It is taken back
    /// when too many hosts are bad. The program may be killed at any moment: `rollout resume` goes
    /// on from there, on any machine.
    Start(StartArgs),
    /// Print how far a rollout is.
    Status(Place),
    /// Keep the share as it is. Hosts that have the candidate keep it.
    Pause(Place),
    /// Go on with a rollout that is paused, or that nothing conducts any more.
    Resume(ResumeArgs),
    /// Take the candidate back from all hosts at once.
    Abort(Place),
    /// Give the node the candidate now, whatever the share.
    Promote(Place),
}

#[derive(Debug, Arguments)]
pub(crate) struct StartArgs {
    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,

    /// The file with the candidate; `-` reads standard input.
    #[arg(value_name = "SOURCE")]
    pub(crate) source: PathBuf,

    /// The path of the node, below the chroot.
    #[arg(value_name = "PATH")]
    pub(crate) path: String,

    /// The shares of the hosts, one after the other.
    #[arg(long, value_name = "SHARES", value_delimiter = ',', default_value = "1%,10%,50%,100%")]
    pub(crate) steps: Vec<Share>,

    /// How long each share is watched before the next one: 500ms, 90s, 5m, 2h.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = soak)]
    pub(crate) soak: Duration,

    /// The part of the hosts with the candidate that may be bad.
    #[arg(long, value_name = "SHARE", default_value = "0.5%")]
    pub(crate) max_bad: Share,

    /// Sign the candidate with this secret key of minisign.
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,

    /// The file with the password of the key, in its first line. A key without a password needs
    /// none.
    #[arg(long, value_name = "FILE", requires = "sign")]
    pub(crate) sign_password_file: Option<PathBuf>,

    /// What the history says about the promotion; 1,000 bytes at most. Without it this names the
    /// rollout.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,

    /// The author of the rollout, also in the history. Without it this is the user and the host.
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,

    /// Make the node empty at the end when standard input, or the pipe that SOURCE names, is empty.
    #[arg(long)]
    pub(crate) allow_empty: bool,

    #[command(flatten)]
    pub(crate) conduct: Conduct,
}

#[derive(Debug, Arguments)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    #[command(flatten)]
    pub(crate) conduct: Conduct,
}

/// How a rollout is conducted.
#[derive(Debug, Clone, Arguments)]
pub(crate) struct Conduct {
    /// A program that is asked each second whether the rollout may go on, with the path and the
    /// share as arguments: exit code 0 says yes, everything else takes the candidate back.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) check: Option<PathBuf>,

    /// End here, and leave the rollout as it is. `rollout resume` goes on.
    #[arg(long)]
    pub(crate) detach: bool,
}

fn soak(text: &str) -> Result<Duration, String> {
    ld_cli::parse_duration(text, Duration::from_secs(30 * 24 * 3_600))
}
