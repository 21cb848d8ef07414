//! Faults of the network: a proxy, names, ports and certificates.

pub(crate) mod certificates;
pub(crate) mod direction;
pub(crate) mod hosts_file;
pub(crate) mod pair;
pub(crate) mod port;
pub(crate) mod proxy;
pub(crate) mod relay;
pub(crate) mod traffic;
pub(crate) mod unroutable;
