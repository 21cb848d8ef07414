//! What became of log lines, read at each scrape.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

use crate::status_view::StatusView;

#[derive(Debug)]
pub(super) struct LogCounters(pub(super) StatusView);

impl Collector for LogCounters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Log lines that were dropped since standard error did not drain";
        let dropped = ConstCounter::new(self.0.log_lines_dropped());
        dropped.encode(encoder.encode_descriptor("log_lines_dropped", help, None, MetricType::Counter)?)
    }
}
