//! Which other users could put another file in the place of one.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::{Gid, getegid, geteuid, getgroups};

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
