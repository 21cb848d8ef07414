//! What an engine can do without.

use std::sync::Arc;

use ld_config::PublishConfig;

use crate::counters::Counters;
use crate::loader::Loader;

/// What an engine can do without.
#[derive(Default)]
pub(crate) struct Options {
    /// Loads what nodes point to.
    pub(crate) loader: Option<Arc<dyn Loader>>,
    /// Where signatures and plans of rollouts are.
    pub(crate) publish: PublishConfig,
    /// The name of this host, by which rollouts choose.
    pub(crate) host: Option<Arc<str>>,
    pub(crate) counters: Counters,
    /// Whether a hash is made of each content.
    pub(crate) hashes: bool,
}
