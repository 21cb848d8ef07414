//! `zookeeper.*`

use std::path::Path;

use super::key::{Key, set};
use crate::limits::{MAX_NODE_BYTES, SESSION_TIMEOUT};
use crate::settings::{TlsConfig, ZooKeeperConfig};
use crate::values::{credentials, hosts, number, path, timespan, tls};

/// The keys of [`ZooKeeperConfig`].
pub(crate) static ZOOKEEPER: &[Key<ZooKeeperConfig>] = &[
    Key {
        name: "zookeeper.hosts",
        required: true,
        read: |zookeeper, value| {
            let (hosts, chroot) = hosts::parse(value)?;
            let warning = hosts::warning(value, &chroot);
            (zookeeper.hosts, zookeeper.chroot) = (hosts, chroot);
            Ok(warning)
        },
        check: |zookeeper| hosts::check(&zookeeper.hosts, &zookeeper.chroot),
        show: |zookeeper| {
            (!zookeeper.hosts.is_empty()).then(|| hosts::show(&zookeeper.hosts, &zookeeper.chroot))
        },
    },
    Key {
        name: "zookeeper.credentials",
        required: false,
        read: |zookeeper, value| set(&mut zookeeper.credentials, credentials::parse(value)),
        check: |zookeeper| credentials::check(&zookeeper.credentials),
        show: |zookeeper| {
            let credentials = &zookeeper.credentials;
            (!credentials.is_empty()).then(|| credentials.join(", "))
        },
    },
    Key {
        name: tls::CA,
        required: false,
        read: |zookeeper, value| set(&mut tls::of(zookeeper).ca, path::parse(value)),
        check: |zookeeper| check_file(ca(zookeeper)),
        show: |zookeeper| show(ca(zookeeper)),
    },
    Key {
        name: tls::CERT,
        required: false,
        read: |zookeeper, value| set(&mut tls::identity_of(zookeeper).cert, path::parse(value)),
        check: |zookeeper| check_file(cert(zookeeper)),
        show: |zookeeper| show(cert(zookeeper)),
    },
    Key {
        name: tls::KEY,
        required: false,
        read: |zookeeper, value| set(&mut tls::identity_of(zookeeper).key, path::parse(value)),
        check: |zookeeper| check_file(private_key(zookeeper)),
        show: |zookeeper| show(private_key(zookeeper)),
    },
    Key {
        name: "zookeeper.timeout",
        required: false,
        read: |zookeeper, value| set(&mut zookeeper.timeout, timespan::parse(value, SESSION_TIMEOUT)),
        check: |zookeeper| timespan::check(zookeeper.timeout, SESSION_TIMEOUT),
        show: |zookeeper| Some(timespan::show(zookeeper.timeout)),
    },
    Key {
        name: "zookeeper.max_read_bytes",
        required: false,
        read: |zookeeper, value| set(&mut zookeeper.max_read_bytes, number::parse(value, 1..=MAX_NODE_BYTES)),
        check: |zookeeper| number::check(zookeeper.max_read_bytes, 1..=MAX_NODE_BYTES),
        show: |zookeeper| Some(zookeeper.max_read_bytes.to_string()),
    },
    Key {
        name: "zookeeper.max_node_bytes",
        required: false,
        // After max_read_bytes, so that the two can be compared.
        read: |zookeeper, value| {
            zookeeper.max_node_bytes = number::parse(value, 1..=MAX_NODE_BYTES)?;
            let most = zookeeper.max_read_bytes;
            let warning = format!("watchers read at most zookeeper.max_read_bytes ({most}): raise that, too");
            Ok((zookeeper.max_node_bytes > most).then_some(warning))
        },
        check: |zookeeper| number::check(zookeeper.max_node_bytes, 1..=MAX_NODE_BYTES),
        show: |zookeeper| Some(zookeeper.max_node_bytes.to_string()),
    },
];

fn ca(zookeeper: &ZooKeeperConfig) -> Option<&Path> {
    let TlsConfig { ca, .. } = zookeeper.tls.as_ref()?;
    Some(ca)
}

fn cert(zookeeper: &ZooKeeperConfig) -> Option<&Path> {
    Some(&zookeeper.tls.as_ref()?.identity.as_ref()?.cert)
}

fn private_key(zookeeper: &ZooKeeperConfig) -> Option<&Path> {
    Some(&zookeeper.tls.as_ref()?.identity.as_ref()?.key)
}

fn show(file: Option<&Path>) -> Option<String> {
    file.map(|file| file.display().to_string())
}

/// Checks a file that is named. Which ones must be named is checked for all of them together.
fn check_file(file: Option<&Path>) -> Result<(), String> {
    let named = file.filter(|file| !file.as_os_str().is_empty());
    named.map_or(Ok(()), |file| path::check(file, path::parse))
}
