//! Part of live data: the state of an engine, shown to people and machines.
//!
//! [`Server::start`] serves it over HTTP, on loopback or a Unix socket:
//!
//! | path | what it answers |
//! |---|---|
//! | `/metrics` | metrics as OpenMetrics or as Prometheus' text, by the request's `Accept` |
//! | `/healthz` | 200 while the engine's runtime turns, else 503 |
//! | `/readyz` | 200 once every node had its first outcome, else 503 |
//! | `/status` | [`Report`] as JSON; its fields are stable |
//! | `/` | a page without external assets that shows the same |
//! | `/fleet.json` | what all hosts report, as [`ld_fleet::Fleet`]; with `fleet.report` only |
//! | `/fleet` | a page that shows it |
//!
//! [`fetch`] asks such a server for its [`Report`].
//!
//! Everything runs on one thread with a runtime of its own, so that a visitor delays no change. No
//! content and no secret is served, and no path of a secret.
//!
//! What it deliberately does not do: it changes nothing, and it needs no authentication. Let it
//! listen on loopback or on a Unix socket.

mod client;
mod error;
mod fleet;
mod freshness;
mod metrics;
mod pulse;
mod reloads;
mod report;
mod reporting;
mod respond;
mod server;
mod socket;
mod status_view;

pub use client::fetch;
pub use error::Error;
pub use reloads::Reloads;
pub use report::{NodeReport, ReloadReport, Report, SessionReport};
pub use reporting::report_to_fleet;
pub use server::{Bound, MAX_CONNECTIONS, REQUEST_LIMIT, Server};
pub use status_view::StatusView;

pub use {ld_config, ld_fleet, ld_sync, ld_zk};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
