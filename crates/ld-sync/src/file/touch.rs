//! The heartbeat: the mtime says that the file was known to be current at that time.

use std::fs::File;
use std::io;

use filetime::{FileTime, set_file_handle_times};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, fstat, openat, utimensat};

use super::identity::{Timestamp, look};
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
/// Takes the owner of the file or `CAP_FOWNER`. A file that may not be read is touched by name instead of by
/// descriptor; looking before and after shows if the name stood for something else meanwhile.
///
/// # Errors
///
/// [`TouchError::Drift`] if the file is another, before or after.
pub(crate) fn touch(target: &Target, left: &Identity) -> Result<Identity, TouchError> {
    // Before anything is opened: opening a device or a FIFO can have effects.
    expect(left, &look(&target.path)?)?;
    let now = now();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fail = || FileError::system("touch", &target.path);
    let touched = match openat(CWD, &target.path, flags, Mode::empty()) {
        Ok(descriptor) => {
            let file = File::from(descriptor);
            expect(left, &fstat(&file).map_err(fail())?.into())?;
            set_file_handle_times(&file, None, Some(now))
                .map_err(FileError::system("touch", &target.path))?;
            Identity::from(fstat(&file).map_err(fail())?)
        }
        Err(error) if io::Error::from(error).kind() == io::ErrorKind::PermissionDenied => {
            let times = Timestamps {
                last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
                last_modification: Timespec { tv_sec: now.seconds(), tv_nsec: now.nanoseconds().into() },
            };
            utimensat(CWD, &target.path, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(fail())?;
            look(&target.path)?
        }
        Err(error) => return Err(fail()(error).into()),
    };
    let stands = Timestamp { seconds: now.unix_seconds(), nanoseconds: now.nanoseconds() };
    // Some file systems keep whole seconds only. Any other mtime is somebody's write after ours.
    let coarse = Timestamp { nanoseconds: 0, ..stands };
    if !touched.is_same_but_for_times(left) || ![stands, coarse].contains(&touched.modified) {
        return Err(Drift::between(left, &touched).unwrap_or(Drift::Missing).into());
    }
    Ok(touched)
}

fn expect(left: &Identity, found: &Identity) -> Result<(), Drift> {
    Drift::between(left, found).map_or(Ok(()), Err)
}

/// In whole microseconds, which all but the coarsest file systems store as they are.
fn now() -> FileTime {
    let now = FileTime::now();
    FileTime::from_unix_time(now.unix_seconds(), now.nanoseconds() / 1000 * 1000)
}
