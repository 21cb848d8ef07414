//! What the sessions and the nodes of one client share.

use std::sync::Arc;

use ld_config::ZooKeeperConfig;
use tokio::sync::Semaphore;

use crate::Options;
use crate::budget::Budget;
use crate::nodes::Polls;
use crate::session::{Credentials, Names, SessionPool, Tls};
use crate::state::States;

/// Keeps the sessions open: they are closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pool: SessionPool,
}

/// What the sessions and the nodes of one client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ZooKeeperConfig,
    pub(crate) options: Options,
    pub(crate) hosts: String,
    pub(crate) names: Names,
    pub(crate) credentials: Credentials,
    pub(crate) tls: Option<Tls>,
    pub(crate) states: States,
    pub(crate) budget: Budget,
    /// One permit for each read in flight.
    pub(crate) reads: Semaphore,
    pub(crate) polls: Arc<Polls>,
}
