//! Part of live data: what each host of a fleet has of its nodes, as the hosts report it.
//!
//! A watcher keeps one [`Report`] in an ephemeral node, `/live-data/hosts/HOST`. Tools read the
//! reports of all hosts. A report is untrusted input: a host can say of itself what it likes.

mod hash;
mod json;
mod report;

pub use hash::{ContentHash, InvalidHash};
pub use json::{InvalidReport, MAX_REPORT_BYTES};
pub use report::{MAX_REASON_BYTES, NodeReport, NodeState, Report};

pub use {ld_config, ld_zk};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
