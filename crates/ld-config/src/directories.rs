//! Which other users could put another file in the place of one.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::{Gid, getegid, geteuid, getgroups};

use crate::file::other_writers;

/// How many symlinks one path may have, as in Linux.
const MAX_LINKS: u32 = 40;

/// A directory through which another user could replace a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} can be written by {writer}, so what is below it can be replaced: {remedy}")]
#[non_exhaustive]
pub struct OpenDirectory {
    /// The directory.
    pub path: PathBuf,
    writer: String,
    remedy: &'static str,
}

/// Why others than root and the user of this process may change a file, which was `found` at
/// `path`, or replace it. Blocks on a file system that hangs.
pub fn who_may_change(path: &Path, found: &Metadata) -> impl Iterator<Item = String> {
    let directory = open_directory(path, None).map(|directory| directory.to_string());
    other_writers(found).into_iter().chain(directory)
}

/// Looks at every directory on the way to a file, through symlinks too, for one that others than
/// root, the user of this process and the `trusted` user can write. What cannot be looked at does
/// not count. Blocks on a file system that hangs.
///
/// With the sticky bit, others can add files to a directory but not replace those of root, so a
/// shared directory with it is fine. So is a directory that is mounted read-only.
pub fn open_directory(file: &Path, trusted: Option<u32>) -> Option<OpenDirectory> {
    let absolute = std::path::absolute(file).ok()?;
    let user = geteuid().as_raw();
    let trusted = [0, user, trusted.unwrap_or(0)];
    let mut walk = Walk { trusted, seen: BTreeSet::new(), links: 0 };
    walk.directories(&absolute).err()
}

struct Walk {
    trusted: [u32; 3],
    seen: BTreeSet<PathBuf>,
    links: u32,
}

impl Walk {
    /// Judges each step of an absolute path. Returns it without links.
    fn directories(&mut self, path: &Path) -> Result<PathBuf, OpenDirectory> {
        let mut here = PathBuf::new();
        for component in path.components() {
            match component {
                Component::ParentDir => _ = here.pop(),
                component => here.push(component),
            }
            if let Ok(link) = fs::read_link(&here) {
                self.links += 1;
                if self.links > MAX_LINKS {
                    break;
                }
                here.pop();
                here = self.directories(&here.join(link))?;
            }
            if self.seen.insert(here.clone()) {
                self.judge(&here)?;
            }
        }
        Ok(here)
    }

    fn judge(&self, directory: &Path) -> Result<(), OpenDirectory> {
        let Ok(found) = fs::symlink_metadata(directory) else { return Ok(()) };
        let is_read_only =
            || statvfs(directory).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY));
        if !found.is_dir() || is_read_only() {
            return Ok(());
        }
        let warning = |writer: String, remedy| OpenDirectory { path: directory.to_owned(), writer, remedy };
        let sticky = found.mode() & 0o1000 != 0;
        if !self.trusted.contains(&found.uid()) {
            return Err(warning(format!("its owner, user {}", found.uid()), "give it to root with chown"));
        }
        if found.mode() & 0o002 != 0 && !sticky {
            return Err(warning(
                "every user".to_owned(),
                "take that away with chmod o-w, or set the sticky bit",
            ));
        }
        if found.mode() & 0o020 != 0 && !sticky && found.gid() != 0 {
            let remedy = if writes_as_member(&found) {
                "the watcher writes there as a member of that group, so let no other user be in it"
            } else {
                "take that away with chmod g-w"
            };
            return Err(warning(format!("group {}", found.gid()), remedy));
        }
        Ok(())
    }
}

/// Whether the watcher itself can write to the directory only by its group, as in a volume with
/// fsGroup.
fn writes_as_member(directory: &Metadata) -> bool {
    let group = Gid::from_raw(directory.gid());
    let is_member = || getegid() == group || getgroups().is_ok_and(|groups| groups.contains(&group));
    ![0, directory.uid()].contains(&geteuid().as_raw()) && is_member()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::process::Command;

    use super::*;

    /// A user without any file or process that matters.
    const NOBODY: u32 = 65534;

    /// Set in a child, to the directory that it shares with its parent.
    const MARK: &str = "LD_CONFIG_TEST_RERUN";

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn is_root() -> bool {
        let root = geteuid().is_root();
        if !root {
            eprintln!("not root: what needs another user's files is not tested");
        }
        root
    }

    #[test]
    fn a_directory_that_others_can_write_warns_and_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("open/below");
        fs::create_dir_all(&below).unwrap();
        for (mode, expected) in [
            (0o755, None),
            (0o700, None),
            (0o1777, None),
            (0o777, Some("every user")),
            (0o757, Some("chmod o-w")),
        ] {
            set_mode(&dir.path().join("open"), mode);
            let warning = open_directory(&below.join("dest"), None).map(|warning| warning.to_string());
            match (warning, expected) {
                (None, None) => {}
                (Some(text), Some(part)) => {
                    assert!(text.contains(part) && text.contains("/open can be"), "{text}");
                }
                (found, _) => panic!("{mode:o}: {found:?}"),
            }
        }
    }

    #[test]
    fn only_root_the_watcher_and_the_files_owner_are_trusted() {
        if !is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let dest = dir.path().join("dest");
        chown(dir.path(), Some(NOBODY), None).unwrap();
        assert_eq!(open_directory(&dest, Some(NOBODY)), None);
        let text = open_directory(&dest, None).unwrap().to_string();
        assert!(text.contains("its owner, user 65534"), "{text}");
        chown(dir.path(), Some(0), Some(NOBODY)).unwrap();
        set_mode(dir.path(), 0o775);
        let text = open_directory(&dest, None).unwrap().to_string();
        assert!(text.contains("group 65534"), "{text}");
    }

    #[test]
    fn the_way_through_links_is_inspected_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("open/real")).unwrap();
        set_mode(&path("open"), 0o777);
        symlink("middle", path("link")).unwrap();
        symlink("open/real/../real", path("middle")).unwrap();
        assert_eq!(open_directory(&path("link/dest"), None).unwrap().path, path("open"));
        symlink("loop", path("loop")).unwrap();
        assert_eq!(open_directory(&path("loop/dest"), None), None);
    }

    #[test]
    fn a_watcher_is_not_told_to_lock_itself_out() {
        let inspect = |directory: &Path| open_directory(&directory.join("dest"), None).unwrap().to_string();
        if let Some(directory) = std::env::var_os(MARK) {
            let text = inspect(Path::new(&directory));
            assert!(text.contains("the watcher writes there as a member of that group"), "{text}");
            return;
        }
        if !is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        // A volume with fsGroup.
        chown(dir.path(), Some(0), Some(NOBODY)).unwrap();
        set_mode(dir.path(), 0o2775);
        // A copy, because the build directory may be out of another user's reach. It is made by a
        // process of its own: a program that a child has open for writing cannot be run.
        let bin = tempfile::tempdir().unwrap();
        set_mode(bin.path(), 0o755);
        let copy = bin.path().join("test");
        let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap();
        assert!(copied.success(), "cp: {copied}");
        let output = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--"])
            .arg(&copy)
            .args(["--exact", "directories::tests::a_watcher_is_not_told_to_lock_itself_out", "--nocapture"])
            .current_dir(bin.path())
            .env(MARK, dir.path())
            .output()
            .expect("setpriv (apt-get install util-linux)");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{output:?}");
        let text = inspect(dir.path());
        assert!(text.contains("take that away with chmod g-w"), "{text}");
    }
}
