//! The repository as its development commands see it: running cargo, installing what a machine
//! lacks, and reading its files.

pub mod cargo;
mod failure;
pub mod setup;
pub mod tree;

pub use failure::Failure;
