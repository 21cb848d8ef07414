//! Real ZooKeeper servers and ensembles, and a client of the kit's own.

pub(crate) mod admin;
pub(crate) mod backup;
mod class_path;
pub(crate) mod connection;
pub(crate) mod ensemble;
pub(crate) mod error_code;
mod expiry;
pub(crate) mod four_letter;
pub(crate) mod frames;
pub(crate) mod jvm;
mod lazy_connection;
pub(crate) mod namespace;
pub(crate) mod node;
pub mod operation;
pub(crate) mod record;
pub(crate) mod secure_port;
pub(crate) mod server;
pub(crate) mod server_options;
pub(crate) mod session;
mod status;
pub(crate) mod transaction;
