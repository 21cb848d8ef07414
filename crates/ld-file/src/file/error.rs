//! What can go wrong with one destination.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::Drift;

/// Errors that mean a shortage of descriptors, memory or the like, and not a fault of the file.
pub(super) const SHORTAGES: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN];

/// A failed operation on one destination. The text names the path and never holds content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A directory stands where the file belongs. It is never removed.
    #[error("{0} is a directory: move it away, or configure another destination")]
    DirectoryInTheWay(PathBuf),
    /// A device or a socket stands where the file belongs. It is never replaced or removed.
    #[error("{path} is {kind}, which is never replaced or removed: configure another destination")]
    SpecialFile {
        /// The destination.
        path: PathBuf,
        /// What stands there, with its article.
        kind: &'static str,
    },
    /// The configured path ends in `..` or is the root.
    #[error("{0} does not name a file: configure a destination that does")]
    NotAFileName(PathBuf),
    /// A file is mounted over the destination, which cannot be replaced then.
    #[error("cannot {action} {path}: it is a mount point; mount the directory, not the file")]
    MountPoint {
        /// What was tried, fit to follow "cannot".
        action: &'static str,
        /// The destination.
        path: PathBuf,
    },
    /// Another user with write access to the directory or the file changed the temporary file or
    /// its name.
    #[error("{0} was interfered with while it was replaced: let only trusted users write its directory")]
    Interference(PathBuf),
    /// The owner of that link could lead the watcher to any directory.
    #[error(
        "{link} is a symlink of user {owner} to a directory of another user: put the directory itself \
         there, or a link that belongs to root"
    )]
    ForeignLink {
        /// The link, on the way to a destination.
        link: PathBuf,
        /// The user that it belongs to.
        owner: u32,
    },
    /// The watcher lacks the right to do what the configuration asks.
    #[error(
        "cannot {action} {path}: the watcher lacks {capability}; grant it as docs/security.md says, or \
         configure no owner and group"
    )]
    MissingCapability {
        /// What was tried, fit to follow "cannot".
        action: &'static str,
        /// The destination.
        path: PathBuf,
        /// What would allow it.
        capability: &'static str,
    },
    /// The file system gives the file more permissions than the configuration allows.
    #[error(
        "the file system gives {path} mode {given:04o} instead of {asked:04o}, so its content is not \
         published: configure a mode that includes these bits, or mount the file system with a umask that \
         removes them"
    )]
    ModeTooWide {
        /// The destination.
        path: PathBuf,
        /// The mode that was asked for.
        asked: u32,
        /// The mode that the file has.
        given: u32,
    },
    /// The file system accepts an owner without storing it.
    #[error(
        "the file system gives {path} owner {}:{} instead of {}:{}, so its content is not published: \
         configure no owner and group, or use another file system", given.0, given.1, asked.0, asked.1
    )]
    OwnerNotKept {
        /// The destination.
        path: PathBuf,
        /// The user and group that were asked for.
        asked: (u32, u32),
        /// The user and group that the file has.
        given: (u32, u32),
    },
    /// A temporary file of ours is in use by another process, so a sweep leaves it.
    #[error("{0} is locked by another process: remove it when that process has ended")]
    Locked(PathBuf),
    /// The file is not as it was last written, so a heartbeat would lie.
    #[error(transparent)]
    Drift(#[from] Drift),
    /// The system refused a step.
    #[error("cannot {action} {path}: {source}{}", advice(source))]
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
        self.is_one_of(&[Errno::NOENT, Errno::NOTDIR])
    }

    /// Whether the system refused it for want of a permission, which a sandbox takes away, too.
    pub fn is_denied(&self) -> bool {
        self.is_one_of(&[Errno::ACCESS])
    }

    /// Whether the process or the machine has no descriptor left: closing some helps.
    pub(crate) fn is_out_of_descriptors(&self) -> bool {
        self.is_one_of(&[Errno::MFILE, Errno::NFILE])
    }

    /// Whether the process or the machine lacks something that comes back by itself.
    pub fn is_shortage(&self) -> bool {
        self.is_one_of(&SHORTAGES)
    }

    fn is_one_of(&self, errors: &[Errno]) -> bool {
        let Self::System { source, .. } = self else { return false };
        errors.iter().any(|errno| source.raw_os_error() == Some(errno.raw_os_error()))
    }
}

/// What to do about an error of the system that has one usual cause.
fn advice(source: &io::Error) -> &'static str {
    // `ProtectSystem=strict` makes all directories of a unit read-only that are not named.
    match source.kind() {
        io::ErrorKind::ReadOnlyFilesystem => "; mount it writable, or add it to ReadWritePaths of the unit",
        _ => "",
    }
}
