//! A hosts file for a daemon, which a test changes while the daemon runs.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::IpAddr;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use crate::disk::temp_dir::TempDir;

/// Size of the file in bytes. It is constant, so that one write replaces the whole content.
const SIZE: usize = 4096;

/// An `/etc/hosts` for commands that are started with
/// [`TestCommand::hosts`](crate::TestCommand::hosts).
///
/// They run in a mount namespace with this file over `/etc/hosts`. Names resolve by files alone, so
/// no query leaves the machine. The C library reads the file at each look-up, so the next look-up
/// sees a change. The namespace needs root; without it the command ends at once with an error.
#[derive(Debug)]
pub struct HostsFile {
    directory: TempDir,
    file: File,
}

impl HostsFile {
    /// A file with these names. A name may have several addresses, in order.
    ///
    /// # Panics
    ///
    /// When the file cannot be written.
    #[must_use]
    pub fn new(names: &[(&str, IpAddr)]) -> Self {
        let directory = TempDir::new();
        // The C library may look the names up as another user.
        let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
        open(directory.path(), 0o755).expect("the mode of a directory can be set");
        fs::write(directory.join("nsswitch.conf"), "hosts: files\n").expect("a file can be written");
        fs::write(directory.join("host.conf"), "multi on\n").expect("a file can be written");
        let file = File::create(directory.join("hosts")).expect("a file can be made");
        let hosts = Self { directory, file };
        hosts.set(names);
        hosts
    }

    /// Replaces all names.
    ///
    /// # Panics
    ///
    /// When the file cannot be written, or the names do not fit in 4 KiB.
    pub fn set(&self, names: &[(&str, IpAddr)]) {
        let mut text: String = names.iter().map(|(name, address)| format!("{address} {name}\n")).collect();
        assert!(text.len() <= SIZE, "too many names for a hosts file of {SIZE} bytes");
        text.extend(std::iter::repeat_n('\n', SIZE - text.len()));
        // In place: the mount shows this inode, whatever has its name.
        self.file.write_all_at(text.as_bytes(), 0).expect("a file can be written");
    }

    /// The command line in front of a program; it ends by executing that program.
    pub(crate) fn wrapper(&self) -> Vec<OsString> {
        const SCRIPT: &str = r#"
            for name in hosts nsswitch.conf host.conf; do
                [ ! -e "/etc/$name" ] || mount --bind "$1/$name" "/etc/$name" || exit 125
            done
            shift
            exec "$@""#;
        let mut wrapper: Vec<OsString> =
            ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", SCRIPT, "sh"]
                .map(Into::into)
                .into();
        wrapper.push(self.directory.path().into());
        wrapper
    }
}
