//! The options of a watcher.

pub(crate) mod directory;
pub(crate) mod file;
pub(crate) mod options;
