//! The options of a watcher.

pub(crate) mod file;
