//! Which other users could redirect a destination.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{Gid, getegid, getgroups};

use super::owner::effective_user;
use super::walk::{MAX_LINKS, follow_first_link};

/// A directory through which another user could replace the destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} can be written by {writer}, so what is below it can be replaced: {remedy}")]
pub struct Warning {
    /// The directory.
    pub path: PathBuf,
    writer: String,
    remedy: &'static str,
}

/// Looks at the directory of a destination and at every directory on the way to it, through
/// symlinks too, for one that others than root, this process's user and the file's `owner` can
/// write. What cannot be looked at does not warn: the write will say why.
///
/// With the sticky bit, others can add files beside ours but not replace them, so a shared
/// directory with it is fine.
pub fn inspect_directory(dest: &Path, owner: Option<u32>) -> Option<Warning> {
    let trusted = [0, effective_user(), owner.unwrap_or(0)];
    let mut path = std::path::absolute(dest).ok()?;
    path.pop();
    for _ in 0..=MAX_LINKS {
        let mut warning = None;
        let next = follow_first_link(Path::new("/"), &path, |directory| {
            warning = warning.take().or_else(|| judge(directory, trusted));
        });
        if warning.is_some() {
            return warning;
        }
        path = next?;
    }
    None
}

fn judge(directory: &Path, trusted: [u32; 3]) -> Option<Warning> {
    let found = fs::symlink_metadata(directory).ok().filter(Metadata::is_dir)?;
    let is_sticky = found.mode() & 0o1000 != 0;
    let (writer, remedy) = if !trusted.contains(&found.uid()) {
        (format!("its owner, user {}", found.uid()), "give it to root with chown")
    } else if found.mode() & 0o002 != 0 && !is_sticky {
        ("every user".to_owned(), "take that away with chmod o-w, or set the sticky bit")
    } else if found.mode() & 0o020 != 0 && !is_sticky && found.gid() != 0 {
        let remedy = if writes_as_member(&found) {
            "the watcher writes there as a member of that group, so let no other user be in it"
        } else {
            "take that away with chmod g-w"
        };
        (format!("group {}", found.gid()), remedy)
    } else {
        return None;
    };
    Some(Warning { path: directory.to_owned(), writer, remedy })
}

/// Whether the watcher itself can write to the directory only by its group, as in a volume with
/// fsGroup.
fn writes_as_member(directory: &Metadata) -> bool {
    let group = Gid::from_raw(directory.gid());
    let is_member = || getegid() == group || getgroups().is_ok_and(|groups| groups.contains(&group));
    ![0, directory.uid()].contains(&effective_user()) && is_member()
}
