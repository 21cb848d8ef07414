//! Whether a host may read plans, before there is one.
//!
//! A plan gets the ACL of its directory. While there is no plan, the directory is read once in each
//! session. Without the right to do so the host could follow no rollout, and its report says so
//! before one starts.

use std::future::pending;

use ld_zk::{NodeState, SessionKey, Unreadable};

use crate::source::NodeSource;

/// The most that is read of the directory of the plans, which holds nothing.
const MAX_DIRECTORY_BYTES: usize = 16 << 10;

/// The directory of the plans.
pub(super) struct PlanDirectory<W> {
    path: String,
    /// The last session of the plan in which it could be read: it may be read in another one.
    readable_in: Option<SessionKey>,
    /// Its watch, while it may not be read.
    denied: Option<W>,
}

impl<W: NodeSource> PlanDirectory<W> {
    pub(super) fn new(path: String) -> Self {
        Self { path, readable_in: None, denied: None }
    }

    /// Why this host may not read plans, while there is none. `plan` is the watch of one, as read
    /// in `session`. Each session asks once, and again and again while it may not.
    pub(super) async fn read(&mut self, plan: &mut W, session: SessionKey) -> Option<String> {
        if self.readable_in == Some(session) {
            return None;
        }
        let mut directory = plan.beside(&self.path, MAX_DIRECTORY_BYTES)?;
        let reading = directory.read().await;
        let denied = match &reading.state {
            NodeState::Unreadable(why @ Unreadable::NoAuth) => {
                Some(format!("{} cannot be read: {why}", self.path))
            }
            _ => None,
        };
        self.readable_in = denied.is_none().then_some(session);
        self.denied = denied.is_some().then_some(directory);
        denied
    }

    /// Ends its watch.
    pub(super) fn unwatch(&mut self) {
        self.denied = None;
    }

    /// Waits until it may be readable; never if that is not waited for.
    pub(super) async fn changed(&mut self) {
        match &mut self.denied {
            Some(watch) => watch.changed().await,
            None => pending().await,
        }
    }
}
