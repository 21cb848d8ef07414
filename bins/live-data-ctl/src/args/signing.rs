//! The arguments of `sign` and `verify`.

use std::path::PathBuf;

use clap::Args as Arguments;

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
    #[arg(long, visible_alias = "sign-password-file", value_name = "FILE")]
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
