//! The arguments of what is done with nodes as a whole.

use std::path::PathBuf;

use clap::Args as Arguments;
use clap::builder::NonEmptyStringValueParser;

use super::Place;

#[derive(Debug, Arguments)]
pub(crate) struct LsArgs {
    /// The INI file with a [live-data] section; `-` reads standard input.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,

    /// The path of the node, below the chroot.
    #[arg(value_name = "PATH", default_value = "/", value_parser = NonEmptyStringValueParser::new())]
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

    /// What the history says about it; 1,000 bytes at most.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,

    /// The author that the history names. Without it this is the user and the host.
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,

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

    /// Set it for all nodes below, too: 100,000 at most. Ephemeral nodes keep theirs.
    #[arg(long)]
    pub(crate) recursive: bool,
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
