//! The destination on disk: replaced as a whole, watched for drift, touched and removed. All of it blocks.
//!
//! Nothing is followed or changed in place. Each write goes through one descriptor of the destination's directory, so
//! that a directory or a name swapped meanwhile cannot redirect it. A destination may lie below symlinked
//! directories, as in baseplate.py, but only below those of somebody who can be trusted with it (`walk`), and is itself
//! never followed.

mod apply;
mod batch;
mod candidate;
mod compare;
mod directory;
mod doubt;
mod error;
mod identity;
mod inspect;
mod left;
mod principal;
mod remove;
mod search;
mod sweep;
mod temp;
mod touch;
mod walk;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use ld_config::NodeConfig;

use crate::settings::Settings;

pub(crate) use apply::{Outcome, Write, apply_batch, find_right, stands_against};
pub(crate) use candidate::show_candidate;
pub(crate) use directory::{Directory, is_in_memory, locate};
pub(crate) use error::FileError;
pub(crate) use identity::{Drift, Identity};
pub(crate) use inspect::inspect_directory;
pub(crate) use left::Left;
pub(crate) use remove::{Removed, remove};
pub(crate) use search::Search;
pub(crate) use sweep::sweep;
pub(crate) use touch::{TouchError, touch};

/// One destination: where the file is and how it must look besides its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The file. A relative path is resolved against the working directory at each use.
    pub(crate) path: Box<Path>,
    pub(crate) settings: Arc<Settings>,
}

impl From<&NodeConfig> for Target {
    fn from(node: &NodeConfig) -> Self {
        Self { path: node.dest.as_path().into(), settings: Arc::new(node.into()) }
    }
}
