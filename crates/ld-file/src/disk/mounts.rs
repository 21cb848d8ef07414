//! Which file system a path lies on, as far as the table of mounts tells: asking the file system
//! itself could hang.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Where the kernel lists this process's mounts.
const TABLE: &str = "/proc/self/mountinfo";

/// The mounts of this process, as they were when they were read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mounts {
    table: Vec<u8>,
    /// In the order of the table: a later mount covers an earlier one at the same point.
    all: Vec<Mount>,
}

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// `major:minor` of the device: two mounts of one file system have the same.
    pub(super) device: String,
    pub(super) point: PathBuf,
}

impl Mounts {
    /// Reads the table. It is made by the kernel and never hangs.
    pub(super) fn read() -> io::Result<Self> {
        std::fs::read(TABLE).map(Self::parse)
    }

    /// Lines such as `36 35 98:0 /root /mount/point rw,noatime ...`.
    fn parse(table: Vec<u8>) -> Self {
        let mount = |line: &[u8]| {
            let mut fields = line.split(|byte| *byte == b' ').skip(2);
            let device = String::from_utf8_lossy(fields.next()?).into_owned();
            Some(Mount { device, point: PathBuf::from(unescape(fields.nth(1)?)) })
        };
        let all = table.split(|byte| *byte == b'\n').filter_map(mount).collect();
        Self { table, all }
    }

    /// The mount that an absolute path without symlinks lies on.
    pub(super) fn of(&self, path: &Path) -> Option<&Mount> {
        let covers = self.all.iter().filter(|mount| path.starts_with(&mount.point));
        covers.max_by_key(|mount| mount.point.as_os_str().len())
    }
}

/// Spaces, tabs, line feeds and backslashes are written as `\040` and so on.
fn unescape(text: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = rest.get(1..4).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        23 22 0:21 / /run rw shared:2 - tmpfs tmpfs rw\n\
        24 22 0:40 / /mnt/with\\040space rw - nfs4 server:/x rw\n\
        25 23 0:41 / /run rw - tmpfs other rw\n";

    fn device(path: &str) -> Option<String> {
        Mounts::parse(TABLE.to_vec()).of(Path::new(path)).map(|mount| mount.device.clone())
    }

    #[test]
    fn the_deepest_and_latest_mount_counts() {
        assert_eq!(device("/var/lib/flags").as_deref(), Some("8:1"));
        assert_eq!(device("/run/live").as_deref(), Some("0:41"));
        assert_eq!(device("/runner").as_deref(), Some("8:1"));
        assert_eq!(device("/mnt/with space/flags").as_deref(), Some("0:40"));
        assert_eq!(device("relative"), None);
    }

    #[test]
    fn the_kernels_own_table_has_a_root() {
        let mounts = Mounts::read().unwrap();
        assert_eq!(mounts.of(Path::new("/")).map(|mount| mount.point.clone()), Some(PathBuf::from("/")));
    }
}
