//! The built programs as processes, and faults that are injected into them.

pub(crate) mod binary;
pub(crate) mod child;
pub(crate) mod command;
pub(crate) mod daemon;
pub(crate) mod fake_clock;
pub(crate) mod faults;
pub(crate) mod output;
pub(crate) mod secret_marker;
