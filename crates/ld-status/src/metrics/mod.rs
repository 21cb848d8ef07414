//! Metrics: counters and histograms that follow the nodes, and gauges that are read at each scrape.

mod config;
mod format;
mod hooks;
mod log;
mod nodes;
mod sessions;
mod totals;

use std::fmt;
use std::time::UNIX_EPOCH;

use ld_sync::Changes;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use config::ConfigGauges;
pub(crate) use format::Format;
use hooks::HookRuns;
use log::LogCounters;
use nodes::NodeGauges;
use sessions::SessionMetrics;
use totals::Totals;

use crate::status_view::StatusView;

/// What all names begin with.
const PREFIX: &str = "live_data";

/// The metrics of one watcher.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    totals: Totals,
}

impl Metrics {
    pub(crate) fn new(view: &StatusView) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let totals = Totals::default();
        totals.register(&mut registry);
        let build = Info::new([("version", view.version())]);
        registry.register("build", "The version of the watcher", build);
        let started = view.started().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        registry.register(
            "start_time_seconds",
            "When the watcher started, in seconds since 1970",
            ConstGauge::new(started),
        );
        registry.register_collector(Box::new(NodeGauges(view.clone())));
        registry.register_collector(Box::new(SessionMetrics(view.clone())));
        registry.register_collector(Box::new(ConfigGauges(view.clone())));
        registry.register_collector(Box::new(HookRuns(view.clone())));
        registry.register_collector(Box::new(LogCounters(view.clone())));
        Self { registry, totals }
    }

    /// Counts what happens to the nodes. It never returns: the status of an engine that has ended
    /// is still served.
    pub(crate) async fn follow(&self, mut changes: Changes) {
        let mut counted = totals::Counted::default();
        while let Some(statuses) = changes.next().await {
            counted.count(&self.totals, statuses);
        }
        std::future::pending().await
    }

    /// All metrics as text.
    pub(crate) fn encode(&self, format: Format) -> Result<String, fmt::Error> {
        let mut body = String::new();
        match format {
            Format::OpenMetrics => text::encode(&mut body, &self.registry)?,
            Format::Prometheus => prometheus_text::encode(&mut body, &self.registry)?,
        }
        Ok(body)
    }
}
