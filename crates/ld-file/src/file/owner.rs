//! Users and groups.

use std::sync::LazyLock;

/// The highest id: the next one means "leave it" to chown, and no user can have it.
const MAX_ID: u32 = u32::MAX - 1;

/// The configured owner and group of a file, as resolved ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// `None` is the watcher's effective user.
    pub user: Option<u32>,
    /// `None` is the group that a new file gets in its directory.
    pub group: Option<u32>,
}

/// The id of a user: by name, else the name as a decimal id. The user database may hang, so callers
/// bound this call.
pub(crate) fn find_user(name: &str) -> Option<u32> {
    users::get_user_by_name(name).map(|user| user.uid()).or_else(|| decimal(name))
}

/// The id of a group: by name, else the name as a decimal id. The user database may hang, so
/// callers bound this call.
pub(crate) fn find_group(name: &str) -> Option<u32> {
    users::get_group_by_name(name).map(|group| group.gid()).or_else(|| decimal(name))
}

/// The user that this process acts as. It never changes, so the system is asked once.
pub(super) fn effective_user() -> u32 {
    static USER: LazyLock<u32> = LazyLock::new(users::get_effective_uid);
    *USER
}

/// The group that this process acts as.
pub(super) fn effective_group() -> u32 {
    static GROUP: LazyLock<u32> = LazyLock::new(users::get_effective_gid);
    *GROUP
}

fn decimal(name: &str) -> Option<u32> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|id| digits && *id <= MAX_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_before_it_is_read_as_an_id() {
        assert_eq!((find_user("root"), find_group("root")), (Some(0), Some(0)));
        assert_eq!((find_user("65533"), find_group("65533")), (Some(65533), Some(65533)));
        for name in ["no-such-user", "4294967295", "+5", ""] {
            assert_eq!((find_user(name), find_group(name)), (None, None), "{name}");
        }
    }
}
