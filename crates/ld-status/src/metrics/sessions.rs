//! Gauges of the sessions, read at each scrape.

use std::fmt;

use ld_zk::SessionState;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::report::session_state;
use crate::view::View;

const STATES: [SessionState; 5] = [
    SessionState::Connected,
    SessionState::ReadOnly,
    SessionState::Suspended,
    SessionState::Connecting,
    SessionState::Closed,
];

#[derive(Debug)]
pub(super) struct SessionGauges(pub(super) View);

impl Collector for SessionGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let sessions = self.0.sessions().sessions;
        let help = "How many sessions with ZooKeeper are in each state";
        let mut family = encoder.encode_descriptor("sessions", help, None, MetricType::Gauge)?;
        for state in STATES {
            let count = sessions.iter().filter(|session| session.state == state).count();
            let labels = [("state", session_state(state))];
            ConstGauge::new(count as f64).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
