//! What applications hold.

pub(crate) mod guard;
pub(crate) mod reader;
pub(crate) mod subscription;
pub(crate) mod view;
pub(crate) mod watcher;
