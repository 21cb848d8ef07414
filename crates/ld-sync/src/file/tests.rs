//! Real files in private directories. What needs another user or a file system of its own runs in a
//! child process.

mod attributes;
mod directories;
mod drift;
mod faults;
mod hostile;
mod inspect;
mod rerun;
mod strays;
mod sweep;
mod touch;
mod walk;
mod write;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ld_config::NodeConfig;
use tempfile::TempDir;

use super::directory::Directory;
use super::identity::Identity;
use super::owner::effective_user;
use super::{
    Depth, FileError, FileState, OpenDirectories, Owner, Prepared, Replacement, TouchError, prepare,
};

/// A user without any file or process that matters.
const NOBODY: u32 = 65534;

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Unchanged,
    Replaced,
}

/// A private directory with a destination in it.
struct Room {
    directory: TempDir,
    node: NodeConfig,
    owner: Owner,
    state: FileState,
}

impl Room {
    fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    fn below(directory: &Path) -> Self {
        let directory = tempfile::tempdir_in(directory).unwrap();
        let node = node(directory.path().join("dest"));
        Self { directory, node, owner: Owner::default(), state: FileState::default() }
    }

    fn path(&self) -> &Path {
        &self.node.dest
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        names(self.directory.path())
    }

    fn write(&mut self, content: &[u8]) -> Result<Outcome, FileError> {
        write(&self.node, self.owner, content, &mut self.state)
    }

    /// Writes as a process that knows nothing of the file.
    fn write_after_restart(&mut self, content: &[u8]) -> Result<Outcome, FileError> {
        self.state = FileState::default();
        self.write(content)
    }

    /// Writes and checks that the file then is right in every way, with nothing beside it.
    fn replace(&mut self, content: &[u8]) {
        assert_eq!(self.write(content).unwrap(), Outcome::Replaced);
        self.assert_holds(content);
        assert!(self.state.is_known());
    }

    /// The prepared temporary file for `content`.
    fn prepared(&mut self, content: &[u8]) -> Replacement {
        let mut directories = OpenDirectories::default();
        match prepare(&self.node, self.owner, content, &mut self.state, &mut directories).unwrap() {
            Prepared::Replacement(replacement) => replacement,
            Prepared::Unchanged => panic!("it is right already"),
        }
    }

    fn verify(&mut self) -> Result<(), TouchError> {
        super::verify(&self.node, Depth::Content, &mut self.state, &mut OpenDirectories::default())
    }

    fn touch(&mut self) -> Result<(), TouchError> {
        super::touch(&self.node, &mut self.state, || true).map(|touched| assert!(touched))
    }

    /// The temporary files beside the destination.
    fn strays(&self) -> Vec<PathBuf> {
        let names = self.names().into_iter().filter(|name| name.starts_with(".live-data."));
        names.map(|name| self.beside(&name)).collect()
    }

    fn assert_holds(&self, content: &[u8]) {
        assert_eq!(fs::read(self.path()).unwrap(), content);
        let found = fs::symlink_metadata(self.path()).unwrap();
        assert!(found.is_file());
        assert_eq!(found.mode() & 0o7777, self.node.mode);
        assert_eq!(self.strays(), Vec::<PathBuf>::new());
    }
}

fn node(path: PathBuf) -> NodeConfig {
    NodeConfig::new("n", "/n", path)
}

fn user(id: u32) -> Owner {
    Owner { user: Some(id), group: None }
}

/// All steps of one write.
fn write(
    node: &NodeConfig,
    owner: Owner,
    content: &[u8],
    state: &mut FileState,
) -> Result<Outcome, FileError> {
    match prepare(node, owner, content, state, &mut OpenDirectories::default())? {
        Prepared::Unchanged => Ok(Outcome::Unchanged),
        Prepared::Replacement(replacement) => {
            replacement.begin_flush();
            replacement.flush()?;
            let directory = Arc::clone(replacement.directory());
            replacement.put_in_place(node, content, state)?;
            if node.fsync {
                directory.flush().inspect_err(|_| state.set_unflushed())?;
            }
            Ok(Outcome::Replaced)
        }
    }
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

fn look(path: &Path) -> Identity {
    Directory::open(path.parent().unwrap()).unwrap().look(path.file_name().unwrap()).unwrap().unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let name = |name: &OsStr| name.to_str().unwrap().to_owned();
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| name(&entry.unwrap().file_name())).collect();
    names.sort();
    names
}

/// Waits until the file system's clock gives another time than the file's: changes within one tick
/// cannot be told apart.
fn wait_for_tick(path: &Path) {
    let before = look(path).changed;
    let probe = path.with_file_name("probe");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        fs::write(&probe, "").unwrap();
        let now = look(&probe).changed;
        fs::remove_file(&probe).unwrap();
        if now != before {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "the clock stands still");
    }
}

/// Whether this process may do what only root may; says so if not.
fn is_root() -> bool {
    let root = effective_user() == 0;
    if !root {
        eprintln!("not root: what needs another user's files is not tested");
    }
    root
}
