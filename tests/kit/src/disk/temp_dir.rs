//! Temporary directories that are removed even if the test process is killed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// An empty private directory. It is removed on drop, and at the latest when the process ends, even
/// by SIGKILL.
#[derive(Debug)]
pub struct TempDir(tempfile::TempDir);

impl TempDir {
    /// Makes the directory with mode 0700, below the system's directory for temporary files.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    #[allow(clippy::new_without_default)] // It writes to the disk, which a default must not do.
    pub fn new() -> Self {
        Self::new_in(std::env::temp_dir())
    }

    /// Makes the directory below `parent`, for a test that needs a certain file system.
    ///
    /// # Panics
    ///
    /// As [`TempDir::new`].
    #[must_use]
    pub fn new_in(parent: impl AsRef<Path>) -> Self {
        let directory = tempfile::Builder::new().prefix("d-").tempdir_in(root(parent.as_ref()));
        Self(directory.expect("a temporary directory can be made"))
    }

    /// Its absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Keeps it until the process ends.
    pub fn keep_until_exit(self) {
        let _ = self.0.keep();
    }

    /// The path of `name` below it.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }
}

/// The directory of this process below one parent.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    /// Removes the directory after the end of this process, which closes the janitor's input.
    ///
    /// Statics are never dropped, and SIGKILL drops nothing: the data of shared servers would stay.
    _janitor: Child,
}

fn root(parent: &Path) -> PathBuf {
    static ROOTS: Mutex<BTreeMap<PathBuf, Root>> = Mutex::new(BTreeMap::new());
    let mut roots = ROOTS.lock().unwrap_or_else(PoisonError::into_inner);
    roots.entry(parent.to_owned()).or_insert_with(|| Root::new(parent)).path.clone()
}

impl Root {
    fn new(parent: &Path) -> Self {
        let path = tempfile::Builder::new()
            .prefix("ld-testkit-")
            // Daemons of other users must be able to reach their files.
            .permissions(fs::Permissions::from_mode(0o711))
            .tempdir_in(parent)
            .expect("a temporary directory can be made")
            .keep();
        let mut janitor = Command::new("sh");
        // Servers die at the same moment and may write a last file, so try again.
        janitor.args(["-c", r#"read -r _; rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }"#, "janitor"]);
        janitor.arg(&path).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Its own process group, so that Ctrl-C in a terminal does not end it.
        janitor.process_group(0);
        Self { path, _janitor: janitor.spawn().expect("sh can be started") }
    }
}
