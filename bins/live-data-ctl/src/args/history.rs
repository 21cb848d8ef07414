//! The arguments of `show`, `diff` and `rollback`.

use std::path::PathBuf;

use clap::Args as Arguments;

use super::Place;

#[derive(Debug, Arguments)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The number of the publication.
    #[arg(value_name = "N")]
    pub(crate) number: u32,
}

#[derive(Debug, Arguments)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The number of the publication on the old side.
    #[arg(value_name = "A")]
    pub(crate) old: u32,

    /// The number of the publication on the new side. Without it this is what the node holds now.
    #[arg(value_name = "B")]
    pub(crate) new: Option<u32>,
}

#[derive(Debug, Arguments)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The number of the publication to go back to. Without it this is the one before what the node
    /// holds now.
    #[arg(value_name = "N")]
    pub(crate) number: Option<u32>,

    /// Show what would change and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// What the history says about it; 1,000 bytes at most. Without it this names the publication.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,

    /// The author that the history names. Without it this is the user and the host.
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,

    /// Sign the content with this secret key of minisign, so that watchers with nodes.NAME.verify
    /// apply it.
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,

    /// The file with the password of KEY, in its first line. A key without a password needs none.
    #[arg(long, value_name = "FILE", requires = "sign")]
    pub(crate) sign_password_file: Option<PathBuf>,
}
