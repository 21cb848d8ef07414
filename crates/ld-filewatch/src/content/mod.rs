//! The published content and what waits for it.

pub(crate) mod cell;
pub(crate) mod shared;
pub(crate) mod waiters;
