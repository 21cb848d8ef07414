//! Gauges of the nodes, read at each scrape.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use ld_sync::{State, Status};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::status_view::StatusView;

/// All states, so that a state without nodes is 0 and not missing.
const STATES: [State; 10] = [
    State::Waiting,
    State::Current,
    State::Absent,
    State::Unverified,
    State::Unreadable,
    State::Rejected,
    State::Drifted,
    State::Delayed,
    State::Kept,
    State::Failing,
];

/// Reads one value of a node; `None` leaves the sample out.
type Value = fn(&Status) -> Option<f64>;

/// The gauges that each node has: name, help, value.
const OF_A_NODE: [(&str, &str, Value); 4] = [
    (
        "node_last_confirmed_timestamp_seconds",
        "When the file was last known to hold what the node holds, in seconds since 1970",
        |status| status.confirmed_at.map(seconds),
    ),
    (
        "node_last_applied_timestamp_seconds",
        "When the file was last replaced or removed, in seconds since 1970",
        |status| status.applied_at.map(seconds),
    ),
    (
        "node_mzxid",
        "The transaction that last changed the content that the file holds",
        // Exact up to an epoch of two million.
        |status| status.mzxid.map(|mzxid| mzxid as f64),
    ),
    ("node_bytes", "The size of the content that the file holds, in bytes", |status| {
        status.bytes.map(|bytes| bytes as f64)
    }),
];

#[derive(Debug)]
pub(super) struct NodeGauges(pub(super) StatusView);

impl Collector for NodeGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut counts = [0_u64; STATES.len()];
        for status in self.0.engine.statuses() {
            if let Some(index) = STATES.iter().position(|state| *state == status.state) {
                counts[index] += 1;
            }
        }
        let help = "How many nodes are in each state";
        let mut nodes = encoder.encode_descriptor("nodes", help, None, MetricType::Gauge)?;
        for (state, count) in STATES.iter().zip(counts) {
            let gauge = ConstGauge::new(count as f64);
            gauge.encode(nodes.encode_family(&[("state", state.as_str())])?)?;
        }
        if self.0.per_node { self.encode_each(encoder) } else { Ok(()) }
    }
}

impl NodeGauges {
    fn encode_each(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "The state of each node: 1 for the state that it is in";
        let mut family = encoder.encode_descriptor("node_state", help, None, MetricType::Gauge)?;
        for status in self.0.engine.statuses() {
            let labels = [("node", status.name.as_str()), ("state", status.state.as_str())];
            ConstGauge::new(1_i64).encode(family.encode_family(&labels)?)?;
        }
        for (name, help, value) in OF_A_NODE {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for status in self.0.engine.statuses() {
                if let Some(value) = value(&status) {
                    let labels = [("node", status.name.as_str())];
                    ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
