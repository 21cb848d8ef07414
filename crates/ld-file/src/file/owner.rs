//! Users and groups.

use rustix::process::{getegid, geteuid};

/// The owner and the group of a file, as ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// `None` is this process's effective user.
    pub user: Option<u32>,
    /// `None` is the group that a new file gets in its directory.
    pub group: Option<u32>,
}

/// The user that this process acts as.
pub(super) fn effective_user() -> u32 {
    geteuid().as_raw()
}

/// The group that this process acts as.
pub(super) fn effective_group() -> u32 {
    getegid().as_raw()
}
