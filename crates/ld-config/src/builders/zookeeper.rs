//! [`ZooKeeperConfig`] step by step.

use std::path::PathBuf;
use std::time::Duration;

use crate::quote::Text;
use crate::settings::{TlsConfig, TlsIdentity, ZooKeeperConfig};
use crate::validate::InvalidSetting;
use crate::values::hosts;

/// Makes a [`ZooKeeperConfig`]. What is not set keeps its default.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is made before `build`"]
pub struct ZooKeeperBuilder {
    config: ZooKeeperConfig,
    /// The first value that cannot be read.
    invalid: Option<InvalidSetting>,
}

impl ZooKeeperConfig {
    /// Makes the configuration step by step.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use ld_config::ZooKeeperConfig;
    ///
    /// let config = ZooKeeperConfig::builder()
    ///     .hosts("zk1:2181,zk2:2181/production")
    ///     .credential("secret/zookeeper/app")
    ///     .timeout(Duration::from_secs(10))
    ///     .build()?;
    /// assert_eq!((config.hosts.len(), config.chroot.as_str()), (2, "/production"));
    ///
    /// let error = ZooKeeperConfig::builder().hosts("zk1:0").build().unwrap_err();
    /// assert!(error.to_string().starts_with("zookeeper.hosts: '0' is not a valid port"));
    /// # Ok::<(), ld_config::InvalidSetting>(())
    /// ```
    pub fn builder() -> ZooKeeperBuilder {
        ZooKeeperBuilder::default()
    }
}

impl ZooKeeperBuilder {
    /// The servers and the chroot, as `zookeeper.hosts` has them: `zk1:2181,zk2:2181/chroot`.
    pub fn hosts(mut self, hosts: &str) -> Self {
        match hosts::parse(Text::literal(hosts)) {
            Ok((hosts, chroot)) => (self.config.hosts, self.config.chroot) = (hosts, chroot),
            Err(problem) => {
                self.invalid.get_or_insert(InvalidSetting::new("zookeeper.hosts", problem));
            }
        }
        self
    }

    /// One more path of a `simple` secret that holds `user:password`: one path, not a list.
    pub fn credential(mut self, secret: impl Into<String>) -> Self {
        self.config.credentials.push(secret.into());
        self
    }

    /// Encrypts the connection, and trusts the authorities in this PEM file.
    pub fn tls(mut self, ca: impl Into<PathBuf>) -> Self {
        self.tls_config().ca = ca.into();
        self
    }

    /// The client's own certificate and key, for servers that ask for one. Needs [`tls`](Self::tls).
    pub fn identity(mut self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls_config().identity = Some(TlsIdentity { cert: cert.into(), key: key.into() });
        self
    }

    /// The session timeout that is asked for.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = timeout;
        self
    }

    /// The largest node that is sent, in bytes.
    ///
    /// More than [`max_read_bytes`](Self::max_read_bytes) is accepted, though watchers with these
    /// settings reject such a node. A configuration file gets a warning for it.
    pub fn max_node_bytes(mut self, bytes: usize) -> Self {
        self.config.max_node_bytes = bytes;
        self
    }

    /// The largest node that is read, in bytes.
    pub fn max_read_bytes(mut self, bytes: usize) -> Self {
        self.config.max_read_bytes = bytes;
        self
    }

    /// The configuration.
    ///
    /// # Errors
    ///
    /// The first setting that is wrong, as [`ZooKeeperConfig::validate`] says it.
    pub fn build(self) -> Result<ZooKeeperConfig, InvalidSetting> {
        self.invalid.map_or(Ok(()), Err)?;
        self.config.validate()?;
        Ok(self.config)
    }

    fn tls_config(&mut self) -> &mut TlsConfig {
        self.config.tls.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(change: impl FnOnce(ZooKeeperBuilder) -> ZooKeeperBuilder) -> Result<ZooKeeperConfig, String> {
        change(ZooKeeperConfig::builder().hosts("zk")).build().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_set_keeps_its_default() {
        let config = build(|builder| builder).unwrap();
        let default = ZooKeeperConfig { hosts: config.hosts.clone(), ..ZooKeeperConfig::default() };
        assert_eq!(config, default);
    }

    #[test]
    fn a_wrong_value_is_an_error_that_names_its_key() {
        for (change, key) in [
            (build(|builder| builder.hosts("zk:0").hosts("zk")), "zookeeper.hosts: "),
            (build(|builder| builder.timeout(Duration::ZERO)), "zookeeper.timeout: "),
            (build(|builder| builder.max_read_bytes(0)), "zookeeper.max_read_bytes: "),
            (build(|builder| builder.credential("")), "zookeeper.credentials: "),
            (build(|builder| builder.credential("a,b")), "zookeeper.credentials: 'a,b' is not one secret"),
            (build(|builder| builder.credential("a ")), "zookeeper.credentials: 'a ' is not one secret"),
            (build(|builder| builder.hosts("")), "zookeeper.hosts: no host is given"),
            (build(|builder| builder.identity("cert", "key")), "zookeeper.tls.ca: "),
            (build(|builder| builder.tls("")), "zookeeper.tls.ca: "),
            (ZooKeeperConfig::builder().build().map_err(|error| error.to_string()), "zookeeper.hosts: "),
        ] {
            let error = change.unwrap_err();
            assert!(error.starts_with(key), "{key}: {error}");
        }
    }
}
