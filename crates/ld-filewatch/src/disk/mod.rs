//! What is read from the file system.

pub(crate) mod file;
pub(crate) mod filter;
pub(crate) mod identity;
pub(crate) mod input;
pub(crate) mod seen;
pub(crate) mod target;
pub(crate) mod tree;
