//! The report of a host: what is read of it is bounded and has one form, and a refusal is safe to
//! show.

use std::time::Duration;

use ld_fleet::{MAX_REASON_BYTES, MAX_REPORT_BYTES, Report};

use crate::limit::within;
use crate::panics;
use crate::terminal::assert_one_line;

/// The name of the node that holds the report.
const HOST: &str = "web-1";

/// For [`crate::GROWN_BYTES`].
const LIMIT: Duration = Duration::from_secs(2);

/// A refusal quotes nothing of the report.
const MAX_MESSAGE_BYTES: usize = 512;

pub(crate) fn check(data: &[u8]) {
    panics::watch();
    match within(LIMIT, "reading a report", || Report::parse(HOST, data)) {
        Ok(report) => {
            assert!(data.len() <= MAX_REPORT_BYTES && report.host == HOST);
            for reason in report.nodes.iter().filter_map(|node| node.reason.as_ref()) {
                assert!(reason.len() <= MAX_REASON_BYTES, "a reason has {} bytes", reason.len());
            }
            let stored = within(LIMIT, "storing a report", || report.to_bytes());
            assert!(stored.len() <= MAX_REPORT_BYTES, "it grew to {} bytes", stored.len());
            let again = Report::parse(HOST, &stored).expect("what is stored is read");
            // Nodes that are not good come first in what is stored, and some may have no room.
            assert_eq!(again.to_bytes(), stored, "a stored report has one form");
        }
        Err(refused) => {
            let message = ld_fleet::ld_config::escape_hidden(&refused.to_string()).into_owned();
            assert_one_line(&message, MAX_MESSAGE_BYTES);
        }
    }
    panics::assert_none();
}
