//! `zookeeper.tls.*`: what the keys mean together.

use rustls_pki_types::ServerName;

use crate::problem::quoted;
use crate::settings::{Config, Host, TlsConfig, TlsIdentity};

pub(crate) const CA: &str = "zookeeper.tls.ca";
pub(crate) const CERT: &str = "zookeeper.tls.cert";
pub(crate) const KEY: &str = "zookeeper.tls.key";

impl Host {
    /// Whether a TLS certificate can name this host: it is an IP address, or a DNS name by the rules for certificates (253
    /// characters; labels of up to 63 letters, digits, `_` and inner `-`; the last one not a number).
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
pub(crate) fn of(config: &mut Config) -> &mut TlsConfig {
    config.zookeeper.tls.get_or_insert_default()
}

pub(crate) fn identity_of(config: &mut Config) -> &mut TlsIdentity {
    of(config).identity.get_or_insert_default()
}

pub(crate) fn shown_identity(config: &Config) -> Option<&TlsIdentity> {
    config.zookeeper.tls.as_ref()?.identity.as_ref()
}

/// What is wrong with the settings as a whole: the key to blame and why. `is_written` says whether a key is in the file,
/// also without a value.
pub(crate) fn problems(config: &Config, is_written: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    let Some(tls) = &config.zookeeper.tls else {
        // An empty variable must not turn encryption off.
        let empty =
            is_written(CA).then(|| (CA, "no value specified; without TLS leave the key out".to_owned()));
        return empty.into_iter().collect();
    };
    let missing = tls.missing().map(|(key, other)| (key, format!("no value specified, needed with {other}")));
    let unnameable = config.zookeeper.hosts.iter().filter(|host| !host.is_tls_name()).map(|host| {
        let message = format!("{} is no name that a TLS certificate can have", quoted(&host.name));
        ("zookeeper.hosts", message)
    });
    missing.into_iter().chain(unnameable).collect()
}
