//! A ZooKeeper client that outlives its sessions, from live data configuration and secrets.
//!
//! One call makes a [`Client`] from the `zookeeper.*` and `secrets.*` settings. [`Client::watch`]
//! gives a [`NodeWatch`]: one node's latest state, across lost connections, expired sessions,
//! changed credentials and restarted ensembles.
//!
//! ```no_run
//! use ld_zk::ld_config::{SecretsConfig, ZooKeeperConfig};
//! use ld_zk::{Client, NodeState, Options};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ZooKeeperConfig::builder().hosts("localhost:2181").build()?;
//! let client = Client::new(&config, &SecretsConfig::default(), Options::default())?;
//! let mut watch = client.watch("/live/flags")?;
//! loop {
//!     watch.changed().await;
//!     match watch.read().await.state {
//!         NodeState::Present { data, stat } => {
//!             println!("{} bytes, mzxid {:#x}", data.len(), stat.mzxid);
//!         }
//!         NodeState::TooLarge { bytes, limit } => println!("{bytes} bytes, more than {limit}"),
//!         NodeState::Absent(absence) => println!("not there: {absence:?}"),
//!         NodeState::Unreadable(why) => println!("unreadable: {why}"),
//!         other => println!("{other:?}"),
//!     }
//! }
//! # }
//! ```
//!
//! What it takes care of: sessions are opened with full-jitter backoff, host names looked up and
//! secrets read anew each time; a new session does `sync` before it reads, so that a lagging server
//! cannot serve the past; reads are bounded in number and in bytes; a missing node is only called
//! missing for certain when the ensemble holds data ([`Absence`]); many nodes are spread over
//! several sessions, since the ZooKeeper crate cannot resume one that watches more than 128 KiB of
//! paths.
//!
//! Blocking calls (secrets, certificates, names) run on threads of their own, each with a limit. A
//! panic of the ZooKeeper crate costs a session. The only failure that ends a client is
//! [`Error::CannotStart`].
//!
//! What it deliberately does not do: it keeps no history of a node, and it does not write. For
//! everything else [`Client::session`] gives the current session's plain client.
//!
//! The feature `tls`, on by default, needs a C compiler to build. Without it a configuration with
//! TLS is refused.
//!
//! The ZooKeeper crate logs session passwords at the level `debug` (target `zookeeper_client`): a
//! program caps that target at `info`.

mod budget;
mod client;
mod confirm;
mod error;
mod nodes;
mod options;
mod panics;
mod polls;
mod reading;
mod session;
mod shared;
mod state;
mod validate;
mod watch;

pub use budget::Reservation;
pub use client::Client;
pub use confirm::Confirmed;
pub use error::Error;
/// Settings and secrets, which [`Client::new`] takes.
pub use ld_config;
pub use options::Options;
pub use reading::{Absence, NodeData, NodeStat, NodeState, Reading, SessionKey, Unreadable};
pub use session::Backoff;
pub use state::{ClientState, ConnectFailure, SessionInfo, SessionState, StateWatch};
pub use watch::{ChildrenReading, ChildrenState, ChildrenWatch, NodeWatch};
/// The crate `zookeeper-client`, the one foreign crate in this API: what [`Client::session`] gives.
pub use zookeeper;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
