//! The published content and what waits for it.

pub(crate) mod cell;
pub(crate) mod mapped;
pub(crate) mod published;
pub(crate) mod shared;
pub(crate) mod signal;
pub(crate) mod waiters;
