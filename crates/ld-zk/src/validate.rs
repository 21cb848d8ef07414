//! Rejects settings that could never work, and warns of those that are unsafe.

use std::net::IpAddr;
use std::time::Duration;

use ld_config::{Host, ZooKeeperConfig};
use tracing::warn;

use crate::Error;
use crate::session::{host_list, invalid_chroot};

/// The longest session timeout that the protocol can carry: i32 milliseconds.
const LONGEST_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

pub(crate) fn validate(config: &ZooKeeperConfig) -> Result<(), Error> {
    let invalid =
        |setting, problem: &str| Err(Error::InvalidSetting { setting, problem: problem.to_owned() });
    if config.hosts.is_empty() {
        return invalid(
            "zookeeper.hosts",
            "no host is given; give one or more, as in 'zk1:2181,zk2:2181/prod'",
        );
    }
    if config.hosts.iter().any(|host| host.name.is_empty() || host.port == 0) {
        return invalid("zookeeper.hosts", "a host needs a name and a port between 1 and 65535");
    }
    if !config.chroot.is_empty() && !is_chroot(&config.chroot) {
        return Err(invalid_chroot(&config.chroot));
    }
    if config.timeout < Duration::from_millis(1) || config.timeout > LONGEST_TIMEOUT {
        return invalid("zookeeper.timeout", "must be between 1 millisecond and 24 days");
    }
    if config.credentials.iter().any(String::is_empty) {
        return invalid("zookeeper.credentials", "a secret's path is empty");
    }
    if let Some(tls) = &config.tls {
        if let Some((key, _)) = tls.missing() {
            return invalid(key, "no file is given");
        }
        if let Some(host) = config.hosts.iter().find(|host| !host.is_tls_name()) {
            let problem = format!("'{}' is no name that a TLS certificate can have", host.name);
            return invalid("zookeeper.hosts", &problem);
        }
    }
    if let Some(hosts) = overhears(config) {
        warn!(
            "the ZooKeeper credentials go to {hosts} in clear text, for everybody on the way to read; \
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

fn is_chroot(chroot: &str) -> bool {
    let segment =
        |name: &str| !name.is_empty() && name != "." && name != ".." && !name.chars().any(char::is_control);
    chroot.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment))
}

fn is_loopback(host: &Host) -> bool {
    host.name == "localhost" || host.name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use ld_config::{TlsConfig, TlsIdentity};

    use super::*;

    fn config() -> ZooKeeperConfig {
        let hosts = vec![Host { name: "zk1".to_owned(), port: 2181 }];
        ZooKeeperConfig { hosts, ..ZooKeeperConfig::default() }
    }

    fn problem(config: &ZooKeeperConfig) -> String {
        validate(config).expect_err("accepted").to_string()
    }

    #[test]
    fn accepts_what_can_work() {
        assert!(validate(&config()).is_ok());
        assert!(validate(&ZooKeeperConfig { chroot: "/prod/eu-1".to_owned(), ..config() }).is_ok());
    }

    #[test]
    fn names_the_setting_that_cannot_work() {
        assert!(problem(&ZooKeeperConfig::default()).starts_with("zookeeper.hosts: no host"));
        for chroot in ["prod", "/", "/a/", "/a//b", "/a/../b", "/a\n"] {
            let config = ZooKeeperConfig { chroot: chroot.to_owned(), ..config() };
            assert!(problem(&config).starts_with("zookeeper.hosts: the chroot"), "{chroot:?}");
        }
        for timeout in [Duration::ZERO, Duration::from_secs(25 * 86_400)] {
            assert!(problem(&ZooKeeperConfig { timeout, ..config() }).starts_with("zookeeper.timeout: "));
        }
        let config = ZooKeeperConfig { credentials: vec![String::new()], ..config() };
        assert!(problem(&config).starts_with("zookeeper.credentials: "));
    }

    #[test]
    fn refuses_tls_that_is_not_whole_or_for_a_host_without_a_name() {
        let tls = |ca: &str, identity| Some(TlsConfig { ca: ca.into(), identity });
        let key_only = Some(TlsIdentity { key: "key".into(), ..TlsIdentity::default() });
        for (tls, expected) in [
            (tls("", None), "zookeeper.tls.ca: no file is given"),
            (tls("ca", key_only), "zookeeper.tls.cert: no file is given"),
        ] {
            assert_eq!(problem(&ZooKeeperConfig { tls, ..config() }), expected);
        }
        let hosts = vec![Host { name: "-".to_owned(), port: 1 }];
        let problem = problem(&ZooKeeperConfig { hosts, tls: tls("ca", None), ..config() });
        assert!(problem.starts_with("zookeeper.hosts: '-' is no name"), "{problem}");
    }

    #[test]
    fn credentials_are_overheard_without_tls_on_a_network_only() {
        let secret = ZooKeeperConfig { credentials: vec!["secret".to_owned()], ..config() };
        assert_eq!(overhears(&secret).as_deref(), Some("zk1:2181"));
        assert_eq!(overhears(&config()), None);
        let tls = Some(TlsConfig { ca: "ca".into(), identity: None });
        assert_eq!(overhears(&ZooKeeperConfig { tls, ..secret.clone() }), None);
        let hosts = vec![Host { name: "localhost".to_owned(), port: 1 }];
        assert_eq!(overhears(&ZooKeeperConfig { hosts, ..secret }), None);
    }

    #[test]
    fn knows_loopback() {
        let host = |name: &str| Host { name: name.to_owned(), port: 2181 };
        assert!(["localhost", "127.0.0.1", "127.1.2.3", "::1"].iter().all(|name| is_loopback(&host(name))));
        assert!(["zk1", "10.0.0.1", "fe80::1"].iter().all(|name| !is_loopback(&host(name))));
    }
}
