//! How hooks ran, read at each scrape. Without a hook there is nothing of it.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::status_view::StatusView;

#[derive(Debug)]
pub(super) struct HookRuns(pub(super) StatusView);

impl Collector for HookRuns {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.0.hooks.all();
        if all.is_empty() {
            return Ok(());
        }
        let failing = all.iter().filter(|(_, runs)| runs.last_error.is_some()).count();
        let help = "How many nodes have a hook that did not succeed when it last ran";
        let gauge = ConstGauge::new(failing as f64);
        gauge.encode(encoder.encode_descriptor("hooks_failing", help, None, MetricType::Gauge)?)?;
        if !self.0.per_node {
            return Ok(());
        }
        let help = "How often the hook of each node ran, by result: late was killed at its limit";
        let mut family = encoder.encode_descriptor("hook_runs", help, None, MetricType::Counter)?;
        for (name, runs) in all {
            for (result, count) in
                [("succeeded", runs.succeeded), ("failed", runs.failed), ("late", runs.late)]
            {
                let labels = [("node", name.as_str()), ("result", result)];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
