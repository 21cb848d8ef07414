//! The heartbeat: the mtime says that the file was known to be current at that time.

use std::fs::File;
use std::os::fd::AsRawFd;

use filetime::{FileTime, set_file_handle_times};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, fstat, openat, utimensat};
use rustix::io::Errno;

use super::directory::split;
use super::identity::{Timestamp, look};
use super::walk::walk;
use super::{Drift, FileError, Identity, Target};

/// Why a file was not touched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TouchError {
    /// The file is not as it was left, so a heartbeat would lie.
    #[error(transparent)]
    Drift(#[from] Drift),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Sets the mtime to now, if the file still is as it was left, and returns what it is now. Follows no link.
///
/// Takes the owner of the file or `CAP_FOWNER`; the file need not be readable.
///
/// # Errors
///
/// [`TouchError::Drift`] if the file is another, before or after.
pub(crate) fn touch(target: &Target, left: &Identity) -> Result<Identity, TouchError> {
    let (parent, name) = split(&target.path)?;
    let directory = match walk(parent) {
        Err(error) if error.is_missing() => return Err(Drift::Missing.into()),
        result => result?,
    };
    // Before anything is opened: opening a device or a FIFO can have effects.
    expect(left, &look(&directory, name)?)?;
    let now = now();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let open = |access| openat(&directory, name, flags | access, Mode::empty()).map(File::from);
    let fail = || FileError::system("touch", &target.path);
    let (file, readable) = match open(OFlags::RDONLY) {
        Err(Errno::ACCESS) => (open(OFlags::PATH).map_err(fail())?, false),
        result => (result.map_err(fail())?, true),
    };
    expect(left, &fstat(&file).map_err(fail())?.into())?;
    if readable {
        set_file_handle_times(&file, None, Some(now)).map_err(FileError::system("touch", &target.path))?;
    } else {
        touch_unreadable(&file, now).map_err(fail())?;
    }
    let touched = Identity::from(fstat(&file).map_err(fail())?);
    let stands = Timestamp { seconds: now.unix_seconds(), nanoseconds: now.nanoseconds() };
    // Some file systems keep whole seconds only. Any other mtime is somebody's write after ours.
    let coarse = Timestamp { nanoseconds: 0, ..stands };
    if !touched.is_same_but_for_times(left) || ![stands, coarse].contains(&touched.modified) {
        return Err(Drift::between(left, &touched).unwrap_or(Drift::Missing).into());
    }
    Ok(touched)
}

/// Touches a file whose descriptor is good for nothing but looking: by the descriptor's name, which leads to this very file,
/// whatever stands at its path.
fn touch_unreadable(file: &File, now: FileTime) -> Result<(), Errno> {
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: now.seconds(), tv_nsec: now.nanoseconds().into() },
    };
    utimensat(CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), &times, AtFlags::empty())
}

fn expect(left: &Identity, found: &Identity) -> Result<(), Drift> {
    Drift::between(left, found).map_or(Ok(()), Err)
}

/// In whole microseconds, which all but the coarsest file systems store as they are.
fn now() -> FileTime {
    let now = FileTime::now();
    FileTime::from_unix_time(now.unix_seconds(), now.nanoseconds() / 1000 * 1000)
}
