//! Gauges of the configuration, read at each scrape.

use std::fmt;
use std::time::UNIX_EPOCH;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::status_view::StatusView;

#[derive(Debug)]
pub(super) struct ConfigGauges(pub(super) StatusView);

impl Collector for ConfigGauges {
    /// A watcher that was never told to reload has read its configuration once, with success.
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let last = self.0.last_reload();
        let is_successful = last.as_ref().is_none_or(|reload| reload.error.is_none());
        let at = last.map_or(self.0.started(), |reload| reload.at);
        let mut gauge = |name, help, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        gauge(
            "config_last_reload_successful",
            "Whether the configuration was read when it was asked for last: 1 or 0",
            f64::from(u8::from(is_successful)),
        )?;
        gauge(
            "config_last_reload_timestamp_seconds",
            "When the configuration was last read or tried to, in seconds since 1970",
            at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
        )
    }
}
