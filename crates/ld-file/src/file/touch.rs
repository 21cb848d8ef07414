//! The heartbeat and the drift check. The mtime says that the file was known to be current at that
//! time.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsRawFd;

use filetime::{FileTime, set_file_handle_times};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, openat, utimensat};
use rustix::io::Errno;

use super::directory::{Directory, OpenDirectories, split};
use super::drift::{Depth, examine};
use super::identity::{Identity, Timestamp};
use super::temp::clean_up;
use super::{Drift, FileError, FileState, Target, content};

/// Checks whether the destination still is as it was last written. Other times alone are no drift:
/// the state takes them over.
///
/// # Errors
///
/// [`FileError::Drift`] if it is not.
pub(crate) fn verify(
    target: Target<'_>,
    depth: Depth,
    state: &mut FileState,
    directories: &mut OpenDirectories,
) -> Result<(), FileError> {
    let (parent, name) = split(target.dest)?;
    let last = state.last_written.ok_or(Drift::NotWritten)?;
    let directory = directories.open(parent).map_err(missing_is_drift)?;
    clean_up(&directory, target.dest);
    state.set_identity(examine(&directory, name, &last, depth)?);
    Ok(())
}

/// Sets the mtime to now, if the file still is as it was last written. Follows no link. Returns
/// whether it did so: `is_proved` is asked last, since the steps before it may hang.
///
/// Takes the owner of the file or `CAP_FOWNER`; the file need not be readable.
///
/// # Errors
///
/// [`FileError::Drift`] if the file is another, before or after.
pub(crate) fn touch(
    target: Target<'_>,
    state: &mut FileState,
    is_proved: impl FnOnce() -> bool,
) -> Result<bool, FileError> {
    let (parent, name) = split(target.dest)?;
    let last = state.last_written.ok_or(Drift::NotWritten)?;
    let directory = Directory::open(parent).map_err(missing_is_drift)?;
    // Before anything is opened: opening a device or a FIFO can have effects.
    let found = examine(&directory, name, &last, Depth::Attributes)?;
    let refused = || FileError::system("touch", target.dest);
    let same = open_same(&directory, name, &found).map_err(refused())?;
    if !is_proved() {
        return Ok(false);
    }
    let touched = same.map(|file| set_mtime(&file, &found)).transpose().map_err(refused())?;
    // It was changed or touched in between. Its present state decides.
    let identity =
        touched.flatten().map_or_else(|| examine(&directory, name, &last, Depth::Attributes), Ok)?;
    state.set_identity(identity);
    Ok(true)
}

fn missing_is_drift(error: FileError) -> FileError {
    if error.is_missing() { Drift::Missing.into() } else { error }
}

/// Opens the file `found`, for its times alone if it may not be read; `None` if the name leads to
/// another file, or to a changed one.
fn open_same(directory: &Directory, name: &OsStr, found: &Identity) -> Result<Option<File>, Errno> {
    let opened = match content::open(directory, name) {
        Err(Errno::ACCESS) => {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(directory, name, flags, Mode::empty()).map(File::from)
        }
        result => result,
    };
    match opened {
        Ok(file) => Ok((Identity::of(&file)? == *found).then_some(file)),
        Err(Errno::NOENT | Errno::LOOP) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sets the mtime to now. Returns what the file is then, or `None` if it is not what was `found`
/// before: it was changed at the same time.
fn set_mtime(file: &File, found: &Identity) -> Result<Option<Identity>, Errno> {
    let now = now();
    match set_file_handle_times(file, None, Some(now)).map_err(errno) {
        // The descriptor was opened with `O_PATH`.
        Err(Errno::BADF) => set_mtime_of_unreadable(file, now)?,
        result => result?,
    }
    let touched = Identity::of(file)?;
    let set = Timestamp { seconds: now.unix_seconds(), nanoseconds: now.nanoseconds() };
    // Some file systems keep whole seconds only. Any other mtime is a later write.
    let coarse = Timestamp { nanoseconds: 0, ..set };
    let is_ours = touched.is_same_but_for_times(found) && [set, coarse].contains(&touched.modified);
    Ok(is_ours.then_some(touched))
}

/// In whole microseconds, which all but the coarsest file systems store as they are.
fn now() -> FileTime {
    let now = FileTime::now();
    FileTime::from_unix_time(now.unix_seconds(), now.nanoseconds() / 1000 * 1000)
}

/// Sets the mtime of a file that must not be opened: the name of its descriptor in /proc leads to
/// this very file, whatever stands at its path. filetime would open that name.
fn set_mtime_of_unreadable(file: &File, mtime: FileTime) -> Result<(), Errno> {
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: mtime.seconds(), tv_nsec: mtime.nanoseconds().into() },
    };
    utimensat(CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), &times, AtFlags::empty())
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}
