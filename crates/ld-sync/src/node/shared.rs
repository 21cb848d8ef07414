//! What the tasks of one engine have in common.

use std::hash::RandomState;
use std::sync::Arc;

use ld_blocking::Spawner;
use ld_config::{NodeConfig, Principal};
use ld_file::{Disks, Owner, UserError, Users};
use ld_fleet::ContentHash;
use ld_guard::Checks;

use super::retry::HeldContent;
use crate::counters::Counters;
use crate::loader::Loader;
use crate::rollout::Rollouts;
use crate::rounds::Rivals;

/// What all tasks of one engine share.
pub(crate) struct Shared {
    pub(crate) disks: Disks,
    pub(crate) users: Users,
    pub(crate) held: HeldContent,
    pub(crate) checks: Checks,
    /// Whether statuses have the hashes of contents.
    pub(crate) shows_hashes: bool,
    /// Loads what nodes point to.
    pub(crate) loader: Option<Arc<dyn Loader>>,
    /// What rollouts need, where signatures are, and where contents are hashed.
    pub(crate) rollouts: Rollouts,
    pub(crate) counters: Counters,
    /// The key of all hashes of pointers.
    pub(crate) pointer_key: RandomState,
    pub(crate) rivals: Rivals,
    /// The ensemble and the chroot, for messages.
    pub(crate) source: String,
    pub(crate) chroot: String,
    /// Where blocking work runs.
    pub(crate) spawner: Spawner,
    /// The process is sandboxed, which messages about missing permissions mention.
    pub(crate) sandbox: bool,
}

impl Shared {
    /// The hash of `content` for its status, which may be `known`; `None` if none is shown.
    pub(super) async fn shown_hash(
        &self,
        content: &Arc<Vec<u8>>,
        known: Option<&str>,
    ) -> Option<ContentHash> {
        if !self.shows_hashes {
            return None;
        }
        match known {
            Some(hash) => hash.parse().ok(),
            None => self.rollouts.hashing.sha256(content).await.parse().ok(),
        }
    }
}

/// The ids of the configured owner and group.
pub(crate) async fn owner_of(users: &Users, config: &NodeConfig) -> Result<Owner, UserError> {
    let [user, group] =
        [&config.owner, &config.group].map(|name| name.as_ref().map(|Principal(name)| name.as_str()));
    users.owner(user, group).await
}
