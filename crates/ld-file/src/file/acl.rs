//! POSIX ACLs: permissions that the mode does not show.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};

use rustix::fs::{fgetxattr, getxattr};
use rustix::io::Errno;

use super::directory::Directory;

/// The attribute with the permissions of a file.
const ACCESS: &str = "system.posix_acl_access";

/// The attribute with the permissions that new files of a directory get.
const DEFAULT: &str = "system.posix_acl_default";

/// The tag of the entry that limits the entries which a mode does not set. Without it there are
/// none.
const MASK: u16 = 0x10;

/// The tags of those entries (linux/posix_acl.h): named users, the group, named groups.
const UNSET_BY_MODE: [u16; 3] = [0x02, 0x04, 0x08];

/// Room for more than 500 entries. No file system takes as many.
const MAX_BYTES: usize = 4096;

/// Whether the file has other ACL entries than a new file in its directory gets.
pub(super) fn has_foreign_acl(file: &File, directory: &Directory) -> bool {
    let default = directory.default_acl.get_or_init(|| read(directory, DEFAULT));
    entries(&read(file, ACCESS)) != entries(default)
}

/// The attribute's value; empty if there is none, or if the file system knows no ACLs.
fn read(file: impl AsFd, name: &str) -> Vec<u8> {
    let mut value = vec![0; MAX_BYTES];
    let length = match fgetxattr(&file, name, &mut *value) {
        // The descriptor was opened with `O_PATH`.
        Err(Errno::BADF) => {
            let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
            getxattr(path, name, &mut *value)
        }
        result => result,
    };
    value.truncate(length.unwrap_or(0));
    value
}

/// The entries that the mode does not set, each of 8 bytes, after a header of 4.
fn entries(value: &[u8]) -> Vec<&[u8]> {
    let tag = |entry: &[u8]| u16::from_le_bytes([entry[0], entry[1]]);
    let entries = || value.get(4..).unwrap_or_default().chunks_exact(8);
    if entries().any(|entry| tag(entry) == MASK) {
        entries().filter(|entry| UNSET_BY_MODE.contains(&tag(entry))).collect()
    } else {
        Vec::new()
    }
}
