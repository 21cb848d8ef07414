//! Temporary directories that are removed however the test process ends.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// An empty private directory, removed on drop and at the latest when the process ends, also by SIGKILL.
#[derive(Debug)]
pub struct TempDir(tempfile::TempDir);

impl TempDir {
    /// Makes the directory, below the system's directory for temporary files, with mode 0700.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    #[allow(clippy::new_without_default)] // A default value with a side effect on disk would surprise.
    pub fn new() -> Self {
        Self::new_in(std::env::temp_dir())
    }

    /// Makes the directory below `parent`, where a certain file system is wanted; the same otherwise.
    ///
    /// # Panics
    ///
    /// As [`TempDir::new`].
    #[must_use]
    pub fn new_in(parent: impl AsRef<Path>) -> Self {
        let directory = tempfile::Builder::new().prefix("d-").tempdir_in(root(parent.as_ref()));
        Self(directory.expect("the test kit cannot make a temporary directory"))
    }

    /// Where it is: an absolute path without symlinks of ours.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Lets it stay until the process ends.
    pub fn until_the_end(self) {
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
    /// Waits for the end of this process, which closes its standard input, and removes the directory.
    ///
    /// Statics are never dropped and SIGKILL drops nothing, so drops alone would leave the data of shared servers behind.
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
            // Daemons that run as other users must get through.
            .permissions(fs::Permissions::from_mode(0o711))
            .tempdir_in(parent)
            .expect("the test kit cannot make a temporary directory")
            .keep();
        let mut janitor = Command::new("sh");
        // Servers die in the same moment and may write a last file: try again.
        janitor.args(["-c", r#"read -r _; rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }"#, "janitor"]);
        janitor.arg(&path).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own, so that Ctrl-C in a terminal does not take it along.
        janitor.process_group(0);
        Self { path, _janitor: janitor.spawn().expect("the test kit cannot start sh") }
    }
}
