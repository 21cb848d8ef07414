//! ZooKeeper nodes to local files, atomically and for ever; and a file to a node.
//!
//! [`Engine`] keeps one file for each configured node equal to it. What fails is tried again until it holds, or a newer
//! state supersedes it; one bad node never stops the others; [`Engine::status`] tells how each stands.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use ld_config::{NodeConfig, SecretsConfig, WatcherConfig, ZooKeeperConfig};
//! use ld_sync::Engine;
//! use ld_zk::{Client, Options};
//!
//! # async fn example(zookeeper: ZooKeeperConfig) -> Result<(), ld_zk::Error> {
//! let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
//! let nodes = vec![NodeConfig::new("flags", "/app/flags", "/var/lib/app/flags.json")];
//! let engine = Engine::start(Arc::new(client), nodes, WatcherConfig::default());
//! engine.settled().await;
//! println!("{:?}", engine.status());
//! # Ok(())
//! # }
//! ```
//!
//! [`plan`] and [`Plan::commit`] go the other way, for the writer; [`judge`] asks a node's guards first, and
//! [`Checks`] ends what runs for it.
//!
//! A file is replaced whole or left alone: temporary file, content, owner, mode, fsync, rename, fsync of the directory. Its mtime is a
//! heartbeat that moves only while a live session has just confirmed that the file holds what the node holds.
//!
//! What it deliberately does not do: it keeps no history and no state of its own on disk, it never changes a file in place, it loads
//! nothing that a node points to.

mod apply;
mod at_work;
mod audit;
mod claims;
mod compact;
mod content;
mod decide;
mod diff;
mod engine;
mod errand;
mod error;
mod file;
mod follow;
mod guard;
mod jitter;
mod pointer;
mod pool;
mod publish;
mod record;
mod retry;
mod scheduler;
mod settings;
mod source;
mod status;
mod woken;

pub use diff::{Diff, DiffOptions, diff};
pub use engine::Engine;
pub use error::Error;
pub use guard::Checks;
pub use publish::{Plan, judge, plan};
pub use source::{NodeSource, Source};
pub use status::{State, Status};
