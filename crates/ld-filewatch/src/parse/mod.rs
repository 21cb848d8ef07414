//! From bytes to a value.

pub(crate) mod text;
