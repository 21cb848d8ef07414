//! What the sessions and the nodes of one client share.

use ld_config::ZooKeeperConfig;
use tokio::sync::{Semaphore, watch};

use crate::budget::Budget;
use crate::polls::Polls;
use crate::session::{Credentials, Names, Tls};
use crate::{ClientState, Options};

/// What the sessions and the nodes of one client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ZooKeeperConfig,
    pub(crate) options: Options,
    pub(crate) hosts: String,
    pub(crate) names: Names,
    pub(crate) credentials: Credentials,
    pub(crate) tls: Option<Tls>,
    pub(crate) states: watch::Sender<ClientState>,
    pub(crate) budget: Budget,
    /// One permit for each read in flight.
    pub(crate) reads: Semaphore,
    pub(crate) polls: Polls,
}
