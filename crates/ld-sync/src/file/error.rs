//! What can go wrong with one destination.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// A failed operation on one destination. The text names the path and never holds content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The configured owner or group does not exist on this machine (yet).
    #[error(
        "{path}: no {kind} is called '{name}': create it, or configure a name or a decimal id that exists"
    )]
    UnknownPrincipal {
        /// The destination.
        path: PathBuf,
        /// `user` or `group`.
        kind: &'static str,
        /// The name as it is configured.
        name: String,
    },
    /// A directory stands where the file belongs. It is never removed.
    #[error("{0} is a directory: move it away, or configure another destination")]
    DirectoryInTheWay(PathBuf),
    /// The configured path ends in `..` or is the root.
    #[error("{0} does not name a file: configure a destination that does")]
    NotAFileName(PathBuf),
    /// Somebody who may write the directory removed or swapped the temporary file.
    #[error("{0} was interfered with while it was replaced: let only trusted users write its directory")]
    Interference(PathBuf),
    /// Whoever made that link could lead the watcher to any directory.
    #[error(
        "{link} is a symlink of user {owner} to a directory of somebody else: put the directory itself there, or a link \
         that belongs to root"
    )]
    ForeignLink {
        /// The link, on the way to a destination.
        link: PathBuf,
        /// The user that it belongs to.
        owner: u32,
    },
    /// The watcher may not do what the configuration asks of it.
    #[error(
        "cannot {action} {path}: the watcher lacks {capability}; grant it as docs/security.md says, or configure no owner \
         and group"
    )]
    MissingCapability {
        /// What was tried, fit to follow "cannot".
        action: &'static str,
        /// The destination.
        path: PathBuf,
        /// What would allow it.
        capability: &'static str,
    },
    /// The system refused a step.
    #[error("cannot {action} {path}")]
    System {
        /// What was tried, fit to follow "cannot".
        action: &'static str,
        /// The file or directory it was tried on.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl FileError {
    /// For `map_err`: the system refused `action` on `path`.
    pub(crate) fn system<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self::System { action, path: path.to_owned(), source: source.into() }
    }

    /// Whether the path, or a directory on the way to it, does not exist.
    pub(crate) fn is_missing(&self) -> bool {
        let Self::System { source, .. } = self else { return false };
        [Errno::NOENT, Errno::NOTDIR]
            .into_iter()
            .any(|errno| source.raw_os_error() == Some(errno.raw_os_error()))
    }
}
