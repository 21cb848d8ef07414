//! `zookeeper.tls.*`: what the keys mean together.

use rustls_pki_types::ServerName;

use crate::quote::{NO_VALUE, Text};
use crate::settings::{Host, TlsConfig, TlsIdentity, ZooKeeperConfig};

pub(crate) const CA: &str = "zookeeper.tls.ca";
pub(crate) const CERT: &str = "zookeeper.tls.cert";
pub(crate) const KEY: &str = "zookeeper.tls.key";

impl Host {
    /// Whether a TLS certificate can name this host.
    ///
    /// It can name an IP address, and a DNS name by the rules for certificates: 253 characters;
    /// labels of up to 63 letters, digits, `_` and inner `-`; the last label is not a number.
    pub fn is_tls_name(&self) -> bool {
        ServerName::try_from(self.name.as_str()).is_ok()
    }
}

impl TlsConfig {
    /// The first setting that is missing, by its key in a file, and the one that needs it.
    pub fn missing(&self) -> Option<(&'static str, &'static str)> {
        let empty = |path: &std::path::Path| path.as_os_str().is_empty();
        match &self.identity {
            Some(identity) if empty(&identity.key) => Some((KEY, CERT)),
            Some(identity) if empty(&identity.cert) => Some((CERT, KEY)),
            identity if empty(&self.ca) => Some((CA, if identity.is_some() { CERT } else { "TLS" })),
            _ => None,
        }
    }
}

/// The TLS settings that a key of theirs fills in.
pub(crate) fn of(zookeeper: &mut ZooKeeperConfig) -> &mut TlsConfig {
    zookeeper.tls.get_or_insert_default()
}

/// The client's identity that a key of its own fills in.
pub(crate) fn identity_of(zookeeper: &mut ZooKeeperConfig) -> &mut TlsIdentity {
    of(zookeeper).identity.get_or_insert_default()
}

/// The first setting that is missing: its key, and what is wrong.
pub(crate) fn missing(zookeeper: &ZooKeeperConfig) -> Option<(&'static str, String)> {
    let (key, other) = zookeeper.tls.as_ref()?.missing()?;
    Some((key, format!("{NO_VALUE}, needed with {other}")))
}

/// The hosts that TLS is to verify and cannot.
pub(crate) fn unnameable(zookeeper: &ZooKeeperConfig) -> impl Iterator<Item = &str> {
    let hosts = if zookeeper.tls.is_some() { zookeeper.hosts.as_slice() } else { &[] };
    hosts.iter().filter(|host| !host.is_tls_name()).map(|host| host.name.as_str())
}

/// What is wrong with such a host.
pub(crate) fn not_a_name(host: Text<'_>) -> String {
    format!("{host} is not a name that a TLS certificate can have")
}
