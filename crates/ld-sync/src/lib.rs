//! ZooKeeper nodes to local files, atomically and for ever; and a file to a node.

mod apply;
mod audit;
mod claims;
mod content;
mod diff;
mod engine;
mod error;
mod file;
mod follow;
mod guard;
mod pointer;
mod pool;
mod publish;
mod record;
mod source;
mod status;

pub use diff::{Diff, DiffOptions};
pub use engine::Engine;
pub use error::Error;
pub use publish::{Plan, judge, plan};
pub use source::{NodeSource, Source};
pub use status::{State, Status};
