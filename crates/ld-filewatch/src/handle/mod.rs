//! What applications hold.

pub(crate) mod directory;
pub(crate) mod guard;
pub(crate) mod reader;
#[cfg(feature = "futures")]
mod stream;
pub(crate) mod subscription;
pub(crate) mod view;
pub(crate) mod watcher;
