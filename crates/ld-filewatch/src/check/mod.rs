//! Checking a watched file: did it change, has the change settled, is the content good?

pub(crate) mod settle;
pub(crate) mod source;
pub(crate) mod trigger;
