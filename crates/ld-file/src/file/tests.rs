//! Real files in private directories. What needs another user or a file system of its own runs in a
//! child process.

mod attributes;
mod directories;
mod drift;
mod faults;
mod hostile;
mod incoming;
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

use tempfile::TempDir;

use super::directory::Directory;
use super::identity::Identity;
use super::owner::effective_user;
use super::{Depth, FileError, FileState, OpenDirectories, Owner, Replacement, Target};

/// A user without any file or process that matters.
const NOBODY: u32 = 65534;

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Unchanged,
    Replaced,
}

/// A destination, and how it must be.
#[derive(Clone)]
struct TestFile {
    dest: PathBuf,
    owner: Owner,
    mode: u32,
    fsync: bool,
}

impl TestFile {
    fn new(dest: PathBuf) -> Self {
        Self { dest, owner: Owner::default(), mode: 0o400, fsync: true }
    }

    /// The same file for another owner.
    fn of(&self, owner: Owner) -> Self {
        Self { owner, ..self.clone() }
    }

    fn target(&self) -> Target<'_> {
        Target { dest: &self.dest, owner: self.owner, mode: self.mode, fsync: self.fsync }
    }
}

/// A private directory with a destination in it.
struct Fixture {
    directory: TempDir,
    file: TestFile,
    state: FileState,
}

impl Fixture {
    fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    fn below(directory: &Path) -> Self {
        let directory = tempfile::tempdir_in(directory).unwrap();
        let file = TestFile::new(directory.path().join("dest"));
        Self { directory, file, state: FileState::default() }
    }

    fn path(&self) -> &Path {
        &self.file.dest
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        names(self.directory.path())
    }

    fn write(&mut self, content: &[u8]) -> Result<Outcome, FileError> {
        write(&self.file, content, &mut self.state)
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
        let prepared = Replacement::prepare(self.file.target(), content, &mut self.state, &mut directories);
        prepared.unwrap().expect("it is not right yet")
    }

    fn verify(&mut self) -> Result<(), FileError> {
        super::verify(self.file.target(), Depth::Content, &mut self.state, &mut OpenDirectories::default())
    }

    fn touch(&mut self) -> Result<(), FileError> {
        super::touch(self.file.target(), &mut self.state, || true).map(|touched| assert!(touched))
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
        assert_eq!(found.mode() & 0o7777, self.file.mode);
        assert_eq!(self.strays(), Vec::<PathBuf>::new());
    }
}

fn user(id: u32) -> Owner {
    Owner { user: Some(id), group: None }
}

/// All steps of one write.
fn write(file: &TestFile, content: &[u8], state: &mut FileState) -> Result<Outcome, FileError> {
    let prepared = Replacement::prepare(file.target(), content, state, &mut OpenDirectories::default())?;
    let Some(replacement) = prepared else { return Ok(Outcome::Unchanged) };
    replacement.begin_flush();
    replacement.flush()?;
    let directory = replacement.put_in_place(file.target(), content, state)?;
    if file.fsync {
        directory.flush().inspect_err(|_| state.set_unflushed())?;
    }
    Ok(Outcome::Replaced)
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
