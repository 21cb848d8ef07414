//! The kinds of values: each module reads its kind from text, checks a value that was made by hand,
//! and prints it. An error says what is wrong and what is allowed.

pub(crate) mod command;
pub(crate) mod credentials;
pub(crate) mod host_name;
pub(crate) mod hosts;
pub(crate) mod listen;
pub(crate) mod mode;
pub(crate) mod name;
pub(crate) mod number;
pub(crate) mod path;
pub(crate) mod principal;
pub(crate) mod timespan;
pub(crate) mod tls;
pub(crate) mod words;
pub(crate) mod znode;
