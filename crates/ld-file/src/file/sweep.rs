//! Removing the temporary files that a killed watcher left.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::directory::Directory;
use super::identity::Identity;
use super::owner::effective_user;
use super::temp_names::{is_live, tag, tag_of};
use super::{FileError, content, system};

/// Files that one sweep handles. A watcher leaves at most one a destination. A user that plants
/// more must not keep the watcher busy.
const MAX_FILES: usize = 20_000;

/// How often the list of locks is read.
const READS: u32 = 5;

/// What a sweep of one directory did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Sweep {
    /// The stray files that were removed.
    pub removed: Vec<PathBuf>,
    /// Why others could not be looked at or removed.
    pub failed: Vec<FileError>,
    /// Whether more files were there than one sweep handles: they stay.
    pub is_incomplete: bool,
}

impl Sweep {
    fn add(&mut self, directory: &Directory, name: &str, is_removed: Result<bool, FileError>) {
        match is_removed {
            Ok(true) => self.removed.push(directory.path().join(name)),
            Ok(false) => {}
            Err(error) => self.failed.push(error),
        }
    }
}

/// Removes the stray temporary files of these destinations, which all are in `directory`. Each
/// comes with the user that its file belongs to, if that is configured and known.
///
/// A file is removed only if it is a regular file with exactly a temporary name of one of the
/// destinations, owned by the watcher or by that user, and locked by no process. A sweep may run
/// beside writes.
pub fn sweep(directory: &Path, destinations: &[(impl AsRef<Path>, Option<u32>)]) -> Sweep {
    let mut sweep = Sweep::default();
    // The parent of a bare name.
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    match Directory::open(directory).and_then(|opened| sweep_directory(&opened, destinations, &mut sweep)) {
        Err(error) if !error.is_missing() => sweep.failed.push(error),
        _ => {}
    }
    sweep
}

fn sweep_directory(
    directory: &Directory,
    destinations: &[(impl AsRef<Path>, Option<u32>)],
    sweep: &mut Sweep,
) -> Result<(), FileError> {
    // A path that cannot be resolved is reported by its write.
    let owners: HashMap<u64, Option<u32>> =
        destinations.iter().filter_map(|(dest, owner)| Some((tag(dest.as_ref()).ok()?, *owner))).collect();
    let fail = || FileError::system("list the directory", directory.path());
    let mut unreadable = Vec::new();
    let mut handled = 0;
    for entry in directory.list().map_err(fail())? {
        let entry = entry.map_err(fail())?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        let Some(owner) = tag_of(name).and_then(|tag| owners.get(&tag)) else { continue };
        if is_live(name) {
            continue;
        }
        handled += 1;
        if handled > MAX_FILES {
            sweep.is_incomplete = true;
            break;
        }
        let is_removed = sweep_file(directory, name, *owner, &mut unreadable);
        sweep.add(directory, name, is_removed);
    }
    remove_unreadable(directory, &unreadable, sweep)
}

/// Removes a file that no process has locked, and returns whether it did. A file that an
/// unprivileged process gave to another user may not be opened: it is noted as unreadable, with its
/// inode.
fn sweep_file(
    directory: &Directory,
    name: &str,
    owner: Option<u32>,
    unreadable: &mut Vec<(String, u64)>,
) -> Result<bool, FileError> {
    let path = || directory.path().join(name);
    let Some(found) = directory.look(name.as_ref())? else { return Ok(false) };
    let is_ours = found.user == effective_user() || Some(found.user) == owner;
    if !found.is_file() || !is_ours {
        return Ok(false);
    }
    let file = match content::open(directory, name.as_ref()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(false),
        Err(Errno::ACCESS) => {
            unreadable.push((name.to_owned(), found.inode));
            return Ok(false);
        }
        Err(error) => return Err(FileError::system("sweep", &path())(error)),
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            // It may have been put in place meanwhile, which is as it should be.
            let is_there = directory.look(name.as_ref())?.is_some();
            return if is_there { Err(FileError::Locked(path())) } else { Ok(false) };
        }
        Err(error) => return Err(FileError::system("lock", &path())(error)),
    }
    let locked = Identity::of(&file).map_err(FileError::system("sweep", &path()))?;
    // A live watcher may have put the file in place just before it was locked here.
    if directory.look(name.as_ref())?.map(|found| found.key()) != Some(locked.key()) {
        return Ok(false);
    }
    unlink(directory, name)
}

/// The locks are listed after all files were found. So a file that a process uses is in the list,
/// unless it was put in place already and its name is gone.
fn remove_unreadable(
    directory: &Directory,
    files: &[(String, u64)],
    sweep: &mut Sweep,
) -> Result<(), FileError> {
    if files.is_empty() {
        return Ok(());
    }
    let locked = locked_inodes().map_err(FileError::system("read", Path::new("/proc/locks")))?;
    for (name, inode) in files {
        if locked.contains(inode) {
            sweep.failed.push(FileError::Locked(directory.path().join(name)));
        } else {
            sweep.add(directory, name, unlink(directory, name));
        }
    }
    Ok(())
}

fn unlink(directory: &Directory, name: &str) -> Result<bool, FileError> {
    match system::unlink(directory, name) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(FileError::system("sweep", &directory.path().join(name))(error)),
    }
}

/// The inodes of all files that are locked, on any device.
///
/// The kernel does not list locks held in other PID namespaces. If a sweep removes a live file of
/// such a process, its watcher fails one write and repeats it. Devices are not compared, since the
/// list names them differently on some file systems.
///
/// The kernel fills one page a read, and skips locks when others are released between two reads. So
/// the list is read several times, and a lock counts if any of the lists has it.
fn locked_inodes() -> io::Result<HashSet<u64>> {
    let mut inodes = HashSet::new();
    for _ in 0..READS {
        // A field `major:minor:inode` of each line.
        let list = fs::read_to_string("/proc/locks")?;
        let fields = list.split_ascii_whitespace().filter(|field| field.contains(':'));
        inodes.extend(fields.filter_map(|field| field.rsplit(':').next()?.parse::<u64>().ok()));
    }
    Ok(inodes)
}
