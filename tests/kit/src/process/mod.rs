//! Running the built programs, and faults of the machine that they run on.

pub(crate) mod binary;
pub(crate) mod child;
pub(crate) mod command;
pub(crate) mod daemon;
pub(crate) mod fake_clock;
pub(crate) mod faults;
pub(crate) mod output;
