//! Where a sandbox differs from what is wanted, and why there is none.

use std::fmt;
use std::io;
use std::path::PathBuf;

use landlock::RulesetError;

/// Why a process cannot be sandboxed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The kernel has no Landlock, or too old a version, or does not let this process use it.
    #[error(
        "this kernel cannot sandbox the process, for want of Landlock; use Linux 6.2 or later with landlock \
         in its list of security modules (lsm=), or set watcher.sandbox = false"
    )]
    Unsupported,
    /// A destination lies directly in the root directory, below which all other files lie.
    #[error(
        "a sandbox cannot protect anything, because a destination is directly in {directory}, which is the \
         root directory: give the destinations a directory of their own, or set watcher.sandbox = false"
    )]
    RootDirectory {
        /// The directory as the configuration names it.
        directory: PathBuf,
    },
    /// A rule was refused.
    #[error("the kernel refuses a rule of the sandbox: {0}")]
    Refused(#[source] RulesetError),
}

/// Where a sandbox differs from what is wanted. `Display` is a line for the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum Gap {
    /// A directory could not be opened: a sandboxed process may not use it.
    Closed {
        /// The directory.
        path: PathBuf,
        /// Why it cannot be opened.
        cause: io::Error,
    },
    /// Destinations lie so that the process may change what it trusts.
    Writable {
        /// What it may change: a file of trust or a directory of the system.
        path: PathBuf,
        /// The directory of the destinations.
        directory: PathBuf,
    },
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { path, cause } => {
                let path = path.display();
                write!(f, "the sandbox keeps '{path}' closed until a restart: cannot open it now: {cause}")
            }
            Self::Writable { path, directory } => {
                let (path, directory) = (path.display(), directory.display());
                write!(
                    f,
                    "the sandbox leaves '{path}' writable, because destinations are in '{directory}': give \
                     them a directory of their own"
                )
            }
        }
    }
}
