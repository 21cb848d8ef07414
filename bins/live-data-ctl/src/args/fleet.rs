//! The arguments of `hosts`.

use std::path::PathBuf;

use clap::Args as Arguments;

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
