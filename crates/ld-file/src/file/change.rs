//! What would be changed at a destination, and whether this process may. Nothing is changed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use rustix::process::{Gid, getgroups};

use super::compare::{compare, exists};
use super::directory::{Directory, parent_of, split};
use super::owner::{effective_group, effective_user};
use super::{FileError, FileState, Owner, Target};

/// The bit of `CAP_CHOWN` in a set of capabilities.
const CAP_CHOWN: u64 = 1;

/// What would be changed to make a file right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Nothing: it is right, or it does not exist and should not.
    None,
    /// It would be written.
    Write {
        /// Whether something would be replaced.
        replaces: bool,
        /// The directory that does not exist yet, and would be made.
        makes: Option<PathBuf>,
    },
    /// It would be removed.
    Remove,
}

impl Change {
    /// What would make `target` hold `content`; `None`: not exist. Blocks, and changes nothing.
    ///
    /// # Errors
    ///
    /// What would keep this process from the change, as far as that can be known before.
    pub fn needed(target: Target<'_>, content: Option<&[u8]>) -> Result<Self, FileError> {
        let dest = target.dest;
        let (parent, name) = split(dest)?;
        match content {
            Some(content) if compare(target, content, &mut FileState::default())? => return Ok(Self::None),
            None if !exists(dest) => return Ok(Self::None),
            _ => {}
        }
        let found = match Directory::open_if_exists(parent)? {
            Some(directory) => directory.look(name)?,
            None => None,
        };
        if let Some(found) = &found {
            found.refuse_special(dest)?;
        }
        let makes = writable(dest)?;
        if content.is_none() {
            return Ok(Self::Remove);
        }
        if !can_give_to(target.owner) {
            let (action, path) = ("set the owner of", dest.to_owned());
            return Err(FileError::MissingCapability { action, path, capability: "CAP_CHOWN" });
        }
        Ok(Self::Write { replaces: found.is_some(), makes })
    }
}

/// Whether files can be made in the destination's directory, or in the one that it would be made
/// in. Returns the directory if it is missing.
fn writable(dest: &Path) -> Result<Option<PathBuf>, FileError> {
    let wanted = parent_of(dest);
    let mut directory = wanted;
    let found = loop {
        match fs::metadata(directory) {
            Err(error) if is_missing(&error) && directory.parent().is_some() => {
                directory = parent_of(directory);
            }
            found => break found,
        }
    };
    let refused = |errno: Errno| FileError::system("write to the directory", directory)(errno);
    if found.is_ok_and(|found| !found.is_dir()) {
        return Err(refused(Errno::NOTDIR));
    }
    let wants = Access::WRITE_OK | Access::EXEC_OK;
    // By the effective user, as a write would be.
    accessat(CWD, directory, wants, AtFlags::EACCESS).map_err(refused)?;
    Ok((directory != wanted).then(|| wanted.to_owned()))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether this process may give a file to `owner`.
fn can_give_to(owner: Owner) -> bool {
    let own_user = owner.user.is_none_or(|user| user == effective_user());
    let is_member = |group| getgroups().is_ok_and(|groups| groups.contains(&Gid::from_raw(group)));
    let own_group = owner.group.is_none_or(|group| group == effective_group() || is_member(group));
    (own_user && own_group) || may_change_owners()
}

fn may_change_owners() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    // Where it cannot be known, the write will tell.
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_none_or(|set| set & CAP_CHOWN != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(dest: &Path, content: Option<&[u8]>) -> Result<Change, String> {
        Change::needed(Target::new(dest), content).map_err(|error| error.to_string())
    }

    #[test]
    fn what_would_be_done_depends_on_what_stands_there() {
        let directory = tempfile::tempdir().unwrap();
        let (file, new) = (directory.path().join("file"), directory.path().join("a/b/new"));
        let write =
            |replaces, makes: Option<&Path>| Change::Write { replaces, makes: makes.map(Path::to_owned) };
        assert_eq!(needed(&file, Some(b"x")), Ok(write(false, None)));
        assert_eq!(needed(&file, None), Ok(Change::None));
        assert_eq!(needed(&new, Some(b"x")), Ok(write(false, new.parent())));
        fs::write(&file, "other").unwrap();
        assert_eq!(needed(&file, Some(b"x")), Ok(write(true, None)));
        assert_eq!(needed(&file, None), Ok(Change::Remove));
        let refused = needed(directory.path(), Some(b"x")).unwrap_err();
        assert!(refused.contains("is a directory"), "{refused}");
        assert!(!new.parent().unwrap().exists(), "nothing was made");
    }

    #[test]
    fn a_file_in_place_of_a_directory_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = needed(&file.path().join("a/flags"), Some(b"x")).unwrap_err();
        let expected = format!("cannot write to the directory {}: ", file.path().display());
        assert!(refused.starts_with(&expected), "{refused}");
    }
}
