//! Real files in private directories. What needs another user or a file system of its own runs in a child process.

mod apply;
mod batch;
mod faults;
mod hostile;
mod inspect;
mod rerun;
mod sweep;
mod walk;
mod watch;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use ld_config::{NodeConfig, Principal};
use tempfile::TempDir;

use super::apply::Applied;
use super::directory::{self, Directory};
use super::temp::{Dressed, Temp};
use super::{FileError, Outcome, Target, Write};
use crate::settings::Settings;

/// Nobody: a user without any file or process that matters.
const NOBODY: u32 = 65534;

fn apply_batch<'a>(jobs: &[(&'a Target, &'a [u8])]) -> Vec<Result<Applied, FileError>> {
    let writes: Vec<_> = jobs.iter().map(|(target, content)| write(target, content)).collect();
    super::apply_batch(&writes, None)
}

fn write<'a>(target: &'a Target, content: &'a [u8]) -> Write<'a> {
    Write { target, content, left: None }
}

fn locate(target: &Target) -> Result<(u64, u64, OsString), FileError> {
    directory::locate(target, &mut None)
}

/// A private directory with a target in it.
struct Room {
    directory: TempDir,
    target: Target,
}

impl Room {
    fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    fn below(directory: &Path) -> Self {
        let directory = tempfile::tempdir_in(directory).unwrap();
        let target = target(directory.path().join("dest"));
        Self { directory, target }
    }

    /// The settings of the target, to be changed.
    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.target.settings)
    }

    fn path(&self) -> &Path {
        &self.target.path
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn apply(&self, content: &[u8]) -> Result<Applied, FileError> {
        apply_batch(&[(&self.target, content)]).remove(0)
    }

    /// Applies and checks that the file then is right in every way, with nothing beside it.
    fn replace(&self, content: &[u8]) -> Applied {
        let applied = self.apply(content).unwrap();
        assert_eq!(applied.outcome, Outcome::Replaced);
        self.assert_holds(content);
        applied
    }

    fn assert_holds(&self, content: &[u8]) {
        assert_eq!(fs::read(self.path()).unwrap(), content);
        let found = fs::symlink_metadata(self.path()).unwrap();
        assert!(found.is_file());
        assert_eq!(found.mode() & 0o7777, self.target.settings.mode);
        self.assert_no_strays();
    }

    fn assert_no_strays(&self) {
        let strays = names(self.directory.path()).into_iter().filter(|name| name.starts_with(".live-data."));
        assert_eq!(strays.collect::<Vec<_>>(), Vec::<String>::new());
    }
}

fn target(path: PathBuf) -> Target {
    Target::from(&NodeConfig::new("n", "/n", path))
}

/// The same of another owner.
fn target_of(owner: u32, path: PathBuf) -> Target {
    let mut target = target(path);
    Arc::make_mut(&mut target.settings).owner = Some(Principal(owner.to_string()));
    target
}

/// An empty file that only has to be put in place of `destination`.
fn dressed(directory: &Rc<Directory>, destination: &Path) -> Dressed {
    let owner = (users::get_effective_uid(), directory.new_group);
    Temp::create(directory, destination, 0o400).unwrap().dress(owner, 0o400, destination).unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The text of an error and of what is behind it, as the binaries print it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Whether this process may do what only root may; says so if not.
fn is_root() -> bool {
    let root = users::get_effective_uid() == 0;
    if !root {
        eprintln!("not root: what needs another user's files is not tested");
    }
    root
}
