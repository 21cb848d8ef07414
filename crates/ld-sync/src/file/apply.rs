//! Making destinations hold content, many at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write;
use std::path::PathBuf;

use rustix::io::Errno;

use super::compare::holds;
use super::directory::{Directory, split};
use super::principal::Principals;
use super::temp::Temp;
use super::{FileError, Identity, Target, doubt};

/// Directories that a batch holds open at one time, out of the 1,024 descriptors that a process usually has.
const MAX_OPEN_DIRECTORIES: usize = 64;

/// What an apply did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The file was right in content, owner and mode, and was left alone.
    Unchanged,
    /// A new file stands there.
    Replaced,
}

/// A destination that is as it should be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applied {
    /// The file as it was left.
    pub(crate) identity: Identity,
    /// What it took.
    pub(crate) outcome: Outcome,
}

/// Makes each destination hold its content; the results are in the order of `jobs`. A reader sees the old file or the
/// new one, never anything between. Each directory is opened and flushed once for all its files; if flushing fails, every
/// file replaced in it counts as failed and is written anew next time.
pub(crate) fn apply_batch(jobs: &[(&Target, &[u8])]) -> Vec<Result<Applied, FileError>> {
    let mut batch = Batch::new(Directory::flush);
    for (target, content) in jobs {
        batch.apply(target, content);
    }
    batch.finish()
}

/// The file, if it is right in content, owner and mode; changes nothing.
pub(crate) fn find_right(target: &Target, content: &[u8]) -> Result<Option<Identity>, FileError> {
    let (parent, name) = split(&target.path)?;
    let directory = match Directory::open(parent) {
        Err(error) if error.is_missing() => return Ok(None),
        result => result?,
    };
    let owner = Principals::default().of(target, &directory)?;
    let right = |found: &Identity| is_right(found, owner, target) && holds(&directory, name, found, content);
    Ok(directory.look(name)?.filter(right))
}

/// Whether a reader finds something else at the destination than `content`, or anything at all for `None`; changes nothing.
/// A directory is nothing that it could read.
pub(crate) fn stands_against(target: &Target, content: Option<&[u8]>) -> Result<bool, FileError> {
    let (parent, name) = split(&target.path)?;
    let directory = match Directory::open(parent) {
        Err(error) if error.is_missing() => return Ok(false),
        result => result?,
    };
    let Some(found) = directory.look(name)?.filter(|found| !found.is_directory()) else { return Ok(false) };
    let right = content.is_some_and(|content| found.is_file() && holds(&directory, name, &found, content));
    Ok(!right)
}

/// Whether what was found is a file with the owner and the mode of the target that nobody else can change.
fn is_right(found: &Identity, owner: (u32, u32), target: &Target) -> bool {
    let is_ours = found.is_file() && (found.user, found.group) == owner && found.mode() == target.mode;
    // A second name of the same file would let it be changed from elsewhere.
    is_ours && found.links == 1 && !doubt::contains(found)
}

pub(super) struct Batch<F> {
    flush: F,
    open: HashMap<PathBuf, Open>,
    principals: Principals,
    results: Vec<Result<Applied, FileError>>,
}

struct Open {
    directory: Directory,
    /// Results that stand only once the directory is flushed.
    unflushed: Vec<usize>,
}

impl<F: Fn(&Directory) -> Result<(), Errno>> Batch<F> {
    pub(super) fn new(flush: F) -> Self {
        Self { flush, open: HashMap::new(), principals: Principals::default(), results: Vec::new() }
    }

    pub(super) fn apply(&mut self, target: &Target, content: &[u8]) {
        let result = self.try_apply(target, content);
        self.results.push(result);
    }

    fn try_apply(&mut self, target: &Target, content: &[u8]) -> Result<Applied, FileError> {
        let (parent, name) = split(&target.path)?;
        if self.open.len() >= MAX_OPEN_DIRECTORIES && !self.open.contains_key(parent) {
            self.flush_all();
        }
        let open = match self.open.entry(parent.to_owned()) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(vacant) => {
                let directory = Directory::open_or_create(parent, target.fsync)?;
                vacant.insert(Open { directory, unflushed: Vec::new() })
            }
        };
        let directory = &open.directory;
        let owner = self.principals.of(target, directory)?;

        let found = directory.look(name)?;
        if let Some(found) = &found {
            if found.is_directory() {
                return Err(FileError::DirectoryInTheWay(target.path.clone()));
            }
            if is_right(found, owner, target) && holds(directory, name, found, content) {
                return Ok(Applied { identity: *found, outcome: Outcome::Unchanged });
            }
        }

        let mut temp = Temp::create(directory, &target.path)?;
        temp.file
            .write_all(content)
            .map_err(FileError::system("write a temporary file for", &target.path))?;
        temp.dress(owner, target.mode, &target.path)?;
        if target.fsync {
            temp.file.sync_all().map_err(FileError::system("flush a temporary file for", &target.path))?;
        }
        let identity = temp.put_in_place(name, &target.path)?;
        if let Some(found) = &found {
            doubt::remove(found);
        }
        let applied = Applied { identity, outcome: Outcome::Replaced };
        if target.fsync {
            open.unflushed.push(self.results.len());
        }
        Ok(applied)
    }

    fn flush_all(&mut self) {
        for (path, Open { directory, unflushed }) in self.open.drain() {
            if unflushed.is_empty() {
                continue;
            }
            let Err(error) = (self.flush)(&directory) else { continue };
            for index in unflushed {
                let failed = Err(FileError::system("flush the directory", &path)(error));
                if let Ok(applied) = std::mem::replace(&mut self.results[index], failed) {
                    doubt::add(&applied.identity);
                }
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Result<Applied, FileError>> {
        self.flush_all();
        self.results
    }
}
