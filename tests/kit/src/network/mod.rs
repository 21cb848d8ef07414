//! The network and its faults: a proxy, names, ports and certificates.

pub(crate) mod certificates;
mod direction;
pub(crate) mod hosts_file;
pub(crate) mod http;
pub(crate) mod mode;
pub(crate) mod port;
mod proxied_connection;
pub(crate) mod proxy;
mod relay;
pub(crate) mod traffic;
pub(crate) mod unroutable;
