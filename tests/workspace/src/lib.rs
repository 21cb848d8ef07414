//! What the development commands share: running cargo, installing missing tools, and reading the
//! repository's text files.

pub mod cargo;
mod failure;
pub mod setup;
pub mod text_files;

pub use failure::Failure;
