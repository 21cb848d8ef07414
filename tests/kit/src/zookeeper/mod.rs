//! Real ZooKeeper servers and ensembles, and what a test says to them.

pub(crate) mod admin;
pub(crate) mod data;
pub(crate) mod ensemble;
pub(crate) mod four_letter;
pub(crate) mod frames;
pub(crate) mod jvm;
pub(crate) mod namespace;
pub(crate) mod node;
pub mod operation;
pub(crate) mod secure_port;
pub(crate) mod server;
pub(crate) mod server_options;
pub(crate) mod session;
pub(crate) mod wire;
