//! Events: setting watches along a path, and what a received event means.

pub(crate) mod backend;
mod received;
mod walk;
