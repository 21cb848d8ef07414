//! Rejects settings that cannot work, and warns of those that are unsafe.

use std::net::IpAddr;

use ld_config::{Host, ZooKeeperConfig};
use tracing::warn;

use crate::Error;

pub(crate) fn validate(config: &ZooKeeperConfig) -> Result<(), Error> {
    config.validate()?;
    if let Some(hosts) = overhears(config) {
        warn!(
            "the ZooKeeper credentials go to {hosts} in clear text, readable on the way; \
             zookeeper.tls.ca turns TLS on"
        );
    }
    Ok(())
}

/// The hosts, if credentials go to them over a network without TLS.
fn overhears(config: &ZooKeeperConfig) -> Option<String> {
    let plain = config.tls.is_none() && !config.credentials.is_empty();
    let remote = config.hosts.iter().any(|host| !is_loopback(host));
    (plain && remote).then(|| host_list(&config.hosts))
}

/// The hosts as a person reads them.
pub(crate) fn host_list(hosts: &[Host]) -> String {
    let names: Vec<String> = hosts.iter().map(Host::to_string).collect();
    names.join(", ")
}

fn is_loopback(host: &Host) -> bool {
    host.name == "localhost" || host.name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use ld_config::TlsConfig;

    use super::*;

    fn config() -> ZooKeeperConfig {
        let hosts = vec![Host { name: "zk1".to_owned(), port: 2181 }];
        {
            let mut zookeeper = ZooKeeperConfig::default();
            zookeeper.hosts = hosts;
            zookeeper
        }
    }

    #[test]
    fn an_error_names_the_setting() {
        assert!(validate(&config()).is_ok());
        let error = validate(&{
            let mut zookeeper = config();
            zookeeper.chroot = "prod".to_owned();
            zookeeper
        })
        .unwrap_err();
        assert!(error.to_string().starts_with("zookeeper.hosts: "), "{error}");
        let host = Host { name: "-".to_owned(), port: 1 };
        let tls = Some(TlsConfig::new("ca"));
        let config = {
            let mut zookeeper = config();
            zookeeper.hosts = vec![host];
            zookeeper.tls = tls;
            zookeeper
        };
        let error = validate(&config).unwrap_err();
        assert!(error.to_string().starts_with("zookeeper.hosts: "), "{error}");
    }

    #[test]
    fn credentials_are_overheard_without_tls_on_a_network_only() {
        let secret = {
            let mut zookeeper = config();
            zookeeper.credentials = vec!["secret".to_owned()];
            zookeeper
        };
        assert_eq!(overhears(&secret).as_deref(), Some("zk1:2181"));
        assert_eq!(overhears(&config()), None);
        let tls = Some(TlsConfig::new("ca"));
        assert_eq!(
            overhears(&{
                let mut zookeeper = secret.clone();
                zookeeper.tls = tls;
                zookeeper
            }),
            None
        );
        let hosts = vec![Host { name: "localhost".to_owned(), port: 1 }];
        assert_eq!(
            overhears(&{
                let mut zookeeper = secret;
                zookeeper.hosts = hosts;
                zookeeper
            }),
            None
        );
    }

    #[test]
    fn knows_loopback() {
        let host = |name: &str| Host { name: name.to_owned(), port: 2181 };
        assert!(["localhost", "127.0.0.1", "127.1.2.3", "::1"].iter().all(|name| is_loopback(&host(name))));
        assert!(["zk1", "10.0.0.1", "fe80::1"].iter().all(|name| !is_loopback(&host(name))));
    }
}
