//! The ways in which a file can differ from what was written.

use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use super::acl::has_foreign_acl;
use super::directory::Directory;
use super::identity::Identity;
use super::owner::effective_user;
use super::state::LastWritten;
use super::{FileError, content};

/// How often to compare a file that changes meanwhile, for example by another heartbeat.
const ATTEMPTS: u32 = 3;

const CHANGED_ACL: &str = "has another POSIX ACL than it was written with";

/// The last second of a year with four digits, 9999-12-31T23:59:59Z.
const MAX_SECONDS: i64 = 253_402_300_799;

/// How a destination differs from what was last written there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Drift {
    /// Nothing is there.
    #[error("the file is missing")]
    Missing,
    /// This process has not written the file yet.
    #[error("the file is not known to hold the node's content")]
    NotWritten,
    /// Something other than a regular file is there, such as a directory or a symlink.
    #[error("there is {0} instead of a regular file")]
    NotAFile(&'static str),
    /// The file was changed or replaced.
    #[error("the file {what}: {size} bytes, mtime {modified}")]
    Changed {
        /// What was done to it, fit to follow "the file".
        what: String,
        /// Its size in bytes.
        size: u64,
        /// Its mtime as UTC text.
        modified: String,
    },
}

impl Drift {
    fn changed(what: impl Into<String>, found: &Identity) -> Self {
        Self::Changed { what: what.into(), size: found.size, modified: utc(found.modified.seconds) }
    }
}

/// How closely to examine a file that looks untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Depth {
    /// Only what `stat` says.
    Attributes,
    /// Its content too if it belongs to another user, which can write to it through a shared
    /// mapping. Some file systems do not note that in the file's times.
    Content,
}

/// The file's identity now, if it still holds what was last written. Other times alone are no
/// drift.
pub(super) fn examine(
    directory: &Directory,
    name: &OsStr,
    last: &LastWritten,
    depth: Depth,
) -> Result<Identity, FileError> {
    for _ in 0..ATTEMPTS {
        let found = directory.look(name)?.ok_or(Drift::Missing)?;
        if let Some(drift) = another_file(&last.identity, &found) {
            return Err(drift.into());
        }
        let mut changes = visible_changes(&last.identity, &found);
        if !changes.is_empty() {
            if content::open(directory, name).is_ok_and(|file| has_foreign_acl(&file, directory)) {
                changes.push(CHANGED_ACL.to_owned());
            }
            return Err(Drift::changed(changes.join(", "), &found).into());
        }
        let is_untouched = found == last.identity;
        if is_untouched && (depth == Depth::Attributes || found.user == effective_user()) {
            return Ok(found);
        }
        let Some(file) = content::open_to_compare(directory, name)? else {
            if is_untouched {
                return Ok(found);
            }
            return Err(Drift::changed("was changed and cannot be read to compare it", &found).into());
        };
        if Identity::of(&file) != Ok(found) {
            continue;
        }
        if !is_untouched && has_foreign_acl(&file, directory) {
            return Err(Drift::changed(CHANGED_ACL, &found).into());
        }
        let hash = content::hash_file(&file, found.size)
            .map_err(FileError::system("read", &directory.path().join(name)))?;
        if hash != Some(last.hash) {
            return Err(Drift::changed("was written to", &found).into());
        }
        if Identity::of(&file) == Ok(found) {
            return Ok(found);
        }
    }
    let found = directory.look(name)?.ok_or(Drift::Missing)?;
    Err(Drift::changed("is being changed", &found).into())
}

/// The drift, if `found` is not the file that was written.
fn another_file(last: &Identity, found: &Identity) -> Option<Drift> {
    if !found.is_file() {
        return Some(Drift::NotAFile(found.kind_name()));
    }
    (found.key() != last.key()).then(|| Drift::changed("was replaced by another one", found))
}

/// What `stat` shows to be different, other than times. Each is fit to follow "the file".
fn visible_changes(last: &Identity, found: &Identity) -> Vec<String> {
    let mut changes = Vec::new();
    if found.size != last.size {
        let verb = if found.size < last.size { "was truncated" } else { "grew" };
        changes.push(format!("{verb} from {} to {} bytes", last.size, found.size));
    }
    if found.mode != last.mode {
        changes.push(format!("has mode {:04o} instead of {:04o}", found.mode, last.mode));
    }
    if (found.user, found.group) != (last.user, last.group) {
        changes.push(format!(
            "has owner {}:{} instead of {}:{}",
            found.user, found.group, last.user, last.group
        ));
    }
    if found.links != last.links {
        changes.push(format!("has {} names instead of {}", found.links, last.links));
    }
    changes
}

/// Seconds since 1970 as UTC text, or as a number if the year would not have four digits.
fn utc(seconds: i64) -> String {
    match u64::try_from(seconds) {
        Ok(positive) if seconds <= MAX_SECONDS => {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(positive);
            humantime::format_rfc3339_seconds(time).to_string()
        }
        _ => format!("{seconds} seconds since 1970"),
    }
}
