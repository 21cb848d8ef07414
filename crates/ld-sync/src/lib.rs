//! Part of live data: ZooKeeper nodes to local files, atomically.
//!
//! [`Engine`] keeps one file for each configured node equal to it. What fails is tried again until
//! it succeeds, or a newer state supersedes it. One bad node never stops the others, and neither
//! does a file system that hangs. [`Engine::status`] tells the state of each node, and [`preview`]
//! what an engine would do.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use ld_sync::Engine;
//! use ld_sync::ld_config::{NodeConfig, SecretsConfig, ZooKeeperConfig};
//! use ld_sync::ld_zk::{Client, Options};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let zookeeper = ZooKeeperConfig::builder().hosts("zk1:2181,zk2:2181/production").build()?;
//! let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
//! let node = NodeConfig::builder("flags", "/app/flags", "/var/lib/app/flags.json").build()?;
//! let engine = Engine::builder(Arc::new(client)).node(node).start()?;
//! engine.settled().await;
//! println!("{:?}", engine.status());
//! # Ok(())
//! # }
//! ```
//!
//! A file is replaced whole or left alone: temporary file, content, owner, mode, fsync, rename,
//! fsync of the directory. Its mtime is a heartbeat that moves only while a live session has just
//! confirmed that the file holds what the node holds.
//!
//! What it deliberately does not do: it keeps no history and no state of its own on disk, it never
//! changes a file in place, and it knows nothing of the place that a pointer names: what loads from
//! there is a [`Loader`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod counters;
mod engine;
mod error;
mod hashing;
mod loader;
mod node;
mod nodes;
mod pointer;
mod prepare;
mod preview;
mod restart;
mod rollout;
mod rounds;
mod source;
mod status;
#[cfg(test)]
mod tests;

pub use builder::EngineBuilder;
pub use counters::Counters;
pub use engine::Engine;
pub use error::StartError;
pub use ld_file::open_destination_directory;
pub use loader::{Again, BoxFuture, LoadError, Loader, Pointer, Sink};
pub use nodes::{Changes, NodeChanges};
pub use pointer::pointer_in;
pub use preview::{Outcome, Preview, preview};
pub use source::{NodeSource, Source};
pub use status::{Applied, Counts, Rejections, State, Status};
/// The crates that this API names.
pub use {ld_config, ld_fleet, ld_zk};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
