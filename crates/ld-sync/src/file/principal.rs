//! Names of users and groups to ids.

use std::collections::HashMap;
use std::path::Path;

use ld_config::Principal;

use super::directory::Directory;
use super::{FileError, Target};

/// Answers of the system's user database, remembered for one batch only: a user created later must be found by the
/// next attempt.
pub(super) struct Principals {
    me: u32,
    users: HashMap<String, Option<u32>>,
    groups: HashMap<String, Option<u32>>,
}

impl Default for Principals {
    fn default() -> Self {
        Self { me: users::get_effective_uid(), users: HashMap::new(), groups: HashMap::new() }
    }
}

impl Principals {
    /// The user and the group that the file must have.
    pub(super) fn of(&mut self, target: &Target, directory: &Directory) -> Result<(u32, u32), FileError> {
        let group = match &target.settings.group {
            None => directory.new_group,
            Some(Principal(name)) => *self
                .groups
                .entry(name.clone())
                .or_insert_with(|| {
                    users::get_group_by_name(name).map(|group| group.gid()).or_else(|| decimal(name))
                })
                .as_ref()
                .ok_or_else(|| unknown(&target.path, "group", name))?,
        };
        Ok((self.owner(&target.path, target.settings.owner.as_ref())?, group))
    }

    /// The user that the file at `path` must have.
    pub(super) fn owner(&mut self, path: &Path, owner: Option<&Principal>) -> Result<u32, FileError> {
        let Some(Principal(name)) = owner else { return Ok(self.me) };
        self.users
            .entry(name.clone())
            .or_insert_with(|| users::get_user_by_name(name).map(|user| user.uid()).or_else(|| decimal(name)))
            .ok_or_else(|| unknown(path, "user", name))
    }
}

/// The largest id means "leave it" to the system, and no user can have it.
fn decimal(name: &str) -> Option<u32> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|id| digits && *id != u32::MAX)
}

fn unknown(path: &Path, kind: &'static str, name: &str) -> FileError {
    FileError::UnknownPrincipal { path: path.to_owned(), kind, name: name.to_owned() }
}
