//! Part of live data: what each host of a fleet has of its nodes, as the hosts report it.
//!
//! A watcher keeps one [`Report`] in an ephemeral node, `/live-data/hosts/HOST`. Tools read the
//! reports of all hosts. A report is untrusted input: a host can say of itself what it likes.

mod fleet;
mod hash;
mod host;
mod json;
mod nodes;
mod permission;
mod plan;
mod problem;
mod read;
mod readers;
mod report;
mod reporter;
mod request;
mod secret;
mod share;
mod standing;
mod wait;

pub use fleet::{Detail, Fleet, Host, MAX_DETAILS};
pub use hash::{ContentHash, InvalidHash};
pub use host::{UnusableHostName, host_name};
pub use json::{InvalidReport, MAX_REPORT_BYTES};
pub use nodes::MAX_NODE_REQUESTS;
pub use permission::report_obstacle;
pub use plan::{
    InvalidPlan, MAX_AUTHOR_BYTES, MAX_MESSAGE_BYTES, MAX_PLAN_BYTES, RolloutPace, RolloutPlan, RolloutState,
};
pub use read::{HostNodes, MAX_HOSTS, ReadError, node_reports};
pub use report::{MAX_REASON_BYTES, NodeReport, NodeState, Report};
pub use reporter::Reporter;
pub use share::{InvalidShare, Share};
pub use standing::{Standing, Wanted};
pub use wait::{Goal, Laggard, Progress, Waited, wait_for};

/// The directory of the plans of all rollouts, below `publish.root`.
pub const ROLLOUTS: &str = "rollouts";

/// The node of the candidate of the plan at the path `plan`.
pub fn candidate_of(plan: &str) -> String {
    format!("{plan}/candidate")
}

/// The directory of all reports, below `publish.root`.
pub const HOSTS: &str = "hosts";

pub use {ld_config, ld_zk};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
