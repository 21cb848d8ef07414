//! What is read from the file system.

pub(crate) mod identity;
pub(crate) mod load;
