//! Gauges and counters of the sessions, read at each scrape.

use std::fmt;

use ld_zk::{ConnectFailure, SessionInfo, SessionState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::report::session_state;
use crate::status_view::StatusView;

const STATES: [SessionState; 5] = [
    SessionState::Connected,
    SessionState::ReadOnly,
    SessionState::Suspended,
    SessionState::Connecting,
    SessionState::Closed,
];

#[derive(Debug)]
pub(super) struct SessionMetrics(pub(super) StatusView);

impl Collector for SessionMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let sessions = self.0.sessions().sessions;
        let help = "How many sessions with ZooKeeper are in each state";
        let mut family = encoder.encode_descriptor("sessions", help, None, MetricType::Gauge)?;
        for state in STATES {
            let count = sessions.iter().filter(|session| session.state == state).count();
            let labels = [("state", session_state(state))];
            ConstGauge::new(count as f64).encode(family.encode_family(&labels)?)?;
        }
        let help = "Sessions that could not be opened, by reason";
        let mut family = encoder.encode_descriptor("session_failures", help, None, MetricType::Counter)?;
        for failure in ConnectFailure::ALL {
            let count = sessions.iter().filter_map(|session| session.failures.get(&failure)).sum::<u64>();
            let labels = [("reason", failure.as_str())];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        let help = "The round trip of the last proof that each session gave";
        let name = "session_round_trip_seconds";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (index, session) in sessions.iter().enumerate() {
            if let Some(round_trip) = session.round_trip {
                let labels = [("session", index)];
                ConstGauge::new(round_trip.as_secs_f64()).encode(family.encode_family(&labels)?)?;
            }
        }
        let mut total = |name, help, count: u64| {
            let family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(family)
        };
        let reconnects = sessions.iter().map(SessionInfo::reconnects).sum();
        total("session_reconnects", "Connections that were made again after a loss", reconnects)?;
        let expiries = sessions.iter().map(|session| session.expiries).sum();
        total("session_expiries", "Sessions that a server let expire", expiries)
    }
}
