//! Whether the destination already is what it should become.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};

use rustix::fs::{Mode, OFlags, fstat, openat};

use super::Identity;
use super::directory::Directory;

/// Bytes compared at a time.
const CHUNK: usize = 64 * 1024;

/// Whether the regular file `found` at `name` holds exactly `content`. A file that cannot be read, or that changes
/// meanwhile, does not: it can still be replaced.
pub(super) fn holds(directory: &Directory, name: &OsStr, found: &Identity, content: &[u8]) -> bool {
    // Size first: most changes show without opening the file.
    u64::try_from(content.len()) == Ok(found.size)
        && read_and_compare(directory, name, found, content).unwrap_or(false)
}

fn read_and_compare(
    directory: &Directory,
    name: &OsStr,
    found: &Identity,
    content: &[u8],
) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(openat(directory, name, flags, Mode::empty())?);
    if Identity::from(fstat(&file)?) != *found {
        return Ok(false);
    }
    let mut rest = content;
    let mut chunk = vec![0; CHUNK.min(content.len() + 1)];
    loop {
        let length = match file.read(&mut chunk) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if length == 0 {
            return Ok(rest.is_empty() && Identity::from(fstat(&file)?) == *found);
        }
        match rest.strip_prefix(&chunk[..length]) {
            Some(after) => rest = after,
            None => return Ok(false),
        }
    }
}
