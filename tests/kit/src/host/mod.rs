//! One host of a fleet: its configuration, its programs and its files.

pub(crate) mod config;
pub(crate) mod held_writer;
pub(crate) mod publisher;
pub(crate) mod script;
pub(crate) mod sleeping_check;
pub(crate) mod snapshot;
