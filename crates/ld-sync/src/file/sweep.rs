//! Removing the temporary files that a killed watcher left.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, flock, fstat, openat, unlinkat};
use rustix::io::Errno;

use super::directory::{Directory, split};
use super::principal::Principals;
use super::temp::{tag, tag_of};
use super::{FileError, Identity, Target};

/// How often a lock is looked for before it is believed to be free.
const LOOKS_FOR_LOCK: u32 = 5;

/// Bytes to hold the usual list of locks without reading it in small pieces.
const LOCKS_CAPACITY: usize = 64 * 1024;

/// What a sweep did.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// The stray files that were removed.
    pub(crate) removed: Vec<PathBuf>,
    /// What could not be looked at or removed.
    pub(crate) failures: Vec<FileError>,
}

/// Removes the stray temporary files of these destinations, reading each directory once.
///
/// A file goes only if it is a regular file of exactly our shape for one of `targets`, owned by us or by that target's
/// owner, and locked by nobody.
pub(crate) fn sweep<'a>(targets: impl IntoIterator<Item = &'a Target> + Clone) -> Sweep {
    let mut sweep = Sweep::default();
    // A path that names no file is reported by the apply.
    let parents = targets.clone().into_iter().filter_map(parent);
    let parents: HashSet<&OsStr> = parents.collect();
    // Seldom there is anything to remove.
    let owners = LazyCell::new(|| owners(targets));
    let owner_below =
        |path: &OsStr, tag| owners.get(&tag).filter(|(parent, _)| *parent == path).map(|(_, owner)| *owner);
    for path in parents {
        match sweep_directory(path.as_ref(), |tag| owner_below(path, tag), &mut sweep) {
            Err(error) if error.is_missing() => {}
            Err(error) => sweep.failures.push(error),
            Ok(()) => {}
        }
    }
    sweep
}

/// `owner` knows the owner of the target in that directory whose temporary files have some tag.
fn sweep_directory(
    path: &Path,
    owner: impl Fn(u64) -> Option<u32>,
    sweep: &mut Sweep,
) -> Result<(), FileError> {
    let directory = Directory::open(path)?;
    for entry in directory.list().map_err(FileError::system("list the directory", path))? {
        let entry = entry.map_err(FileError::system("list the directory", path))?;
        let name = entry.file_name().to_bytes();
        let Some(owner) = tag_of(name).and_then(&owner) else { continue };
        let name = OsStr::from_bytes(name);
        match remove_stray(&directory, name, owner) {
            Ok(false) => {}
            Ok(true) => sweep.removed.push(path.join(name)),
            Err(error) => sweep.failures.push(error),
        }
    }
    Ok(())
}

fn parent(target: &Target) -> Option<&OsStr> {
    split(&target.path).ok().map(|(parent, _)| parent.as_os_str())
}

/// The directories and owners of the targets, by the tags of their temporary files.
fn owners<'a>(targets: impl IntoIterator<Item = &'a Target>) -> HashMap<u64, (&'a OsStr, u32)> {
    let mut principals = Principals::default();
    // An unknown owner is reported by the apply. Our own files go all the same.
    let mut owner = |target: &Target| {
        let owner = principals.owner(&target.path, target.settings.owner.as_ref());
        owner.unwrap_or_else(|_| users::get_effective_uid())
    };
    let entry = |target: &'a Target| Some((tag(&target.path).ok()?, (parent(target)?, owner(target))));
    targets.into_iter().filter_map(entry).collect()
}

fn remove_stray(directory: &Directory, name: &OsStr, owner: u32) -> Result<bool, FileError> {
    let path = directory.path.join(name);
    let fail = || FileError::system("sweep", &path);
    let Some(found) = directory.look(name)? else { return Ok(false) };
    if !found.is_file() || ![owner, users::get_effective_uid()].contains(&found.user) {
        return Ok(false);
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let _locked = match openat(directory, name, flags, Mode::empty()) {
        Ok(file) => {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(false),
                Err(error) => return Err(fail()(error)),
            }
            let locked = Identity::from(fstat(&file).map_err(fail())?);
            // A live watcher may have put the file in place just before it was locked here.
            if directory.look(name)?.map(|found| found.key()) != Some(locked.key()) {
                return Ok(false);
            }
            Some(file)
        }
        Err(Errno::NOENT) => return Ok(false),
        Err(Errno::ACCESS) if !is_locked(&found)? => None,
        Err(Errno::ACCESS) => return Ok(false),
        Err(error) => return Err(fail()(error)),
    };
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(fail()(error)),
    }
}

/// Whether anybody holds a lock on a file that may not be opened: one that an unprivileged watcher had given away already.
///
/// The kernel does not list locks held in other PID namespaces. Taking a live file there costs its watcher one failed
/// apply, which it repeats. Devices are not compared, since the list names them differently on some file systems.
///
/// The kernel fills one page a read, and locks that are released between two reads make it skip others. So the list is
/// read in whole pages, and only a lock that is missing every time is taken for free.
fn is_locked(file: &Identity) -> Result<bool, FileError> {
    let path = Path::new("/proc/locks");
    let suffix = format!(":{}", { file.inode });
    for _ in 0..LOOKS_FOR_LOCK {
        let mut locks = String::with_capacity(LOCKS_CAPACITY);
        File::open(path)
            .and_then(|mut list| list.read_to_string(&mut locks))
            .map_err(FileError::system("read", path))?;
        if locks.split_ascii_whitespace().any(|field| field.ends_with(&suffix)) {
            return Ok(true);
        }
    }
    Ok(false)
}
