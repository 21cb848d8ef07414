//! Part of live data: a file into a ZooKeeper node.
//!
//! [`plan`] reads the node and compares it with the new content, [`Plan::diff`] shows the change,
//! and [`Plan::commit`] writes it if the node still is what was compared. [`judge`] asks the node's
//! guards first, and [`Checks`] ends what runs for it.
//!
//! ```no_run
//! use ld_config::{NodeConfig, SecretsConfig, ZooKeeperConfig};
//! use ld_publish::{Checks, DiffOptions, judge, plan};
//! use ld_zk::{Client, Options};
//!
//! # use std::error::Error;
//! # async fn example(zookeeper: ZooKeeperConfig, node: NodeConfig) -> Result<(), Box<dyn Error>> {
//! let content = b"{\"percent\": 5}".to_vec();
//! // It blocks while a check program runs, so a busy runtime does this in `spawn_blocking`.
//! judge(&node, &content, &Checks::default())?;
//! let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default())?;
//! let plan = plan(&client, &node.source, content, zookeeper.max_node_bytes).await?;
//! println!("{:?}", plan.diff(&DiffOptions::default()));
//! if plan.is_change() {
//!     let published = plan.commit(std::future::pending()).await?;
//!     println!("version {}", published.version);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Where the bytes of the node are made from the content, as with a pointer to content in S3, the
//! content and the bytes take two ways: [`judge_file`] judges the content, and [`Present`] is the
//! node that the bytes are planned for.
//!
//! [`NewNode`], [`Deletion`] and [`PresentAcl`] make nodes, remove them and change their ACL;
//! [`AclEntry`] reads ACLs as users write them. [`init`] makes the directories for what belongs to
//! publications.
//!
//! A [`Publication`] writes several nodes in one transaction. A [`History`] records each
//! publication in its own transaction, shows what was published, and plans the way back.
//!
//! What it deliberately does not do: it knows no destination files.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod acl;
mod diff;
mod error;
mod history;
mod judge;
mod lost;
mod nodes;
mod operation;
mod plan;
mod present;
mod publication;
mod request;
mod rollout;
mod signature;
mod trace;
mod write;

pub use acl::{AclEntry, AclError, inherit, resolve, show_acl};
pub use diff::{Diff, DiffOptions, diff};
pub use error::Error;
pub use history::{
    Gap, History, HistoryError, Log, LogEntry, MAX_AUTHOR_BYTES, MAX_GROUP, MAX_MESSAGE_BYTES, NodeNow, Note,
    Rollback,
};
pub use judge::{judge, judge_file};
pub use nodes::{
    Access, AclsSet, Child, Created, Deletion, InitDirectory, Listing, MAX_NODES_BELOW, NewNode, NodeContent,
    NodeInfo, PresentAcl, init, init_directories, set_acl_below,
};
pub use operation::Operation;
pub use plan::{Plan, Published, plan};
pub use present::Present;
pub use publication::Publication;
pub use request::MAX_CHILDREN;
pub use rollout::{
    CheckError, Conducted, HostState, Hosts, Next, Participants, Rollout, RolloutCheck, RolloutError, Round,
    RoundHosts, candidate_hosts, conduct, start_rollout,
};
pub use signature::{Signature, Signer};

pub use ld_fleet;
pub use ld_guard::{self, Checks, ld_config};
pub use {ld_sign, ld_zk};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
