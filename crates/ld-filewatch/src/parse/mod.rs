//! From bytes to a value.

pub(crate) mod files;
pub(crate) mod parser;
pub(crate) mod text;
