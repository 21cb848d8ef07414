//! What an engine runs beside the tasks of its nodes.

use std::sync::Arc;

use ld_config::WatcherConfig;
use tokio::sync::watch;

use super::Engine;
use crate::restart::restarting;
use crate::rounds::{Rounds, drift, heartbeat, outage, reminders};
use crate::source::Source;

impl Engine {
    pub(super) fn start_rounds<S: Source>(
        &self,
        source: &Arc<S>,
        rounds: &watch::Sender<Rounds>,
        settings: &WatcherConfig,
    ) {
        let WatcherConfig { heartbeat_interval, drift_interval, content_interval, .. } = *settings;
        let (beating, beats) = (Arc::clone(source), rounds.clone());
        self.keep_running("the heartbeat", move || {
            heartbeat::run(Arc::clone(&beating), beats.clone(), heartbeat_interval)
        });
        let (shared, searches) = (Arc::clone(&self.shared), rounds.clone());
        self.keep_running("the search for drift", move || {
            drift::run(Arc::clone(&shared), searches.clone(), drift_interval)
        });
        let comparisons = rounds.clone();
        self.keep_running("the comparison of contents", move || {
            drift::compare_contents(comparisons.clone(), content_interval)
        });
        let (source, nodes) = (Arc::clone(source), Arc::clone(&self.nodes));
        self.keep_running("the report of outages", move || {
            outage::run(Arc::clone(&source), Arc::clone(&nodes))
        });
        let (shared, nodes) = (Arc::clone(&self.shared), Arc::clone(&self.nodes));
        self.keep_running("the reminders", move || reminders::run(Arc::clone(&nodes), shared.chroot.clone()));
    }

    /// Starts a task that is started again if it fails unexpectedly.
    pub(super) fn keep_running<F: Future<Output: Send> + Send + 'static>(
        &self,
        name: &'static str,
        start: impl FnMut() -> F + Send + 'static,
    ) {
        self.tasks().spawn(restarting(name, start, |_| ()));
    }
}
