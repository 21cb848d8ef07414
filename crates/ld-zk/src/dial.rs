//! Opens one session: names looked up afresh, dead servers left out, a writable one preferred.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ld_config::{Host, ZooKeeperConfig};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Error;
use crate::credentials::CredentialSet;
use crate::inline::with_inline_tasks;
use crate::reads::Reads;
use crate::tls::{self, Material, Tls};

/// How long the lookup of one host name may take.
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);
/// How long an address may take to accept a connection when the addresses are probed.
const PROBE_LIMIT: Duration = Duration::from_secs(1);
/// How long a connection may be silent at most, however long the session timeout is.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
/// How much longer than the session timeout one attempt at a session may take; the ZooKeeper crate itself
/// stops at about the session timeout.
const DIAL_SLACK: Duration = Duration::from_secs(5);

/// The hosts as a person reads them.
pub(crate) fn host_list(hosts: &[Host]) -> String {
    let names: Vec<String> = hosts.iter().map(Host::to_string).collect();
    names.join(", ")
}

/// What came before an attempt at a session: reason or none to believe that some servers are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing: the client has just started.
    Nothing,
    /// A session that was lost.
    Loss,
    /// An attempt that failed.
    Failure,
}

/// Opens a session. After trouble only servers that accept a connection are tried: the ZooKeeper crate gives one that
/// swallows packets most of the session timeout. With TLS, where that takes a handshake with each, only a failed attempt
/// is reason enough.
pub(crate) async fn dial(
    config: &ZooKeeperConfig,
    tls: Option<&Tls>,
    credentials: &CredentialSet,
    read_only: bool,
    before: Before,
    reads: &Reads,
) -> Result<zookeeper::Client, Error> {
    let failed = before == Before::Failure;
    let target = match tls {
        None => Target::plain(&config.hosts, before != Before::Nothing).await?,
        Some(tls) => Target::secure(&config.hosts, tls.refresh().await?, failed).await?,
    };
    let writable = connect(config, credentials, &target, false, reads).await;
    let client = match writable {
        Err(_) if read_only => connect(config, credentials, &target, true, reads).await,
        other => other,
    };
    let client = match (client, &target.tls) {
        (Ok(client), _) => client,
        // The crate says only that there was no session: a handshake of our own says why.
        (Err(error), Some(material)) if !failed => {
            return Err(tls::reachable(&config.hosts, material).await.err().unwrap_or(error));
        }
        (Err(error), _) => return Err(error),
    };
    if config.chroot.is_empty() {
        return Ok(client);
    }
    client.chroot(config.chroot.as_str()).map_err(|_| invalid_chroot(&config.chroot))
}

/// What the ZooKeeper crate is to connect to.
struct Target {
    servers: Vec<String>,
    tls: Option<Material>,
}

impl Target {
    /// Addresses: the crate gives all those of one name a single time limit.
    async fn plain(hosts: &[Host], probe: bool) -> Result<Self, Error> {
        let mut addresses = resolve(hosts).await?;
        if probe {
            addresses = reachable(addresses).await?;
        }
        Ok(Self { servers: addresses.iter().map(SocketAddr::to_string).collect(), tls: None })
    }

    /// Names: the certificates must be theirs.
    async fn secure(hosts: &[Host], material: Material, probe: bool) -> Result<Self, Error> {
        let servers = if probe {
            tls::reachable(hosts, &material).await?.iter().map(Host::to_string).collect()
        } else {
            hosts.iter().map(Host::to_string).collect()
        };
        Ok(Self { servers, tls: Some(material) })
    }
}

pub(crate) fn invalid_chroot(chroot: &str) -> Error {
    let problem = format!("the chroot '{chroot}' is not a znode path like /prod");
    Error::InvalidSetting { setting: "zookeeper.hosts", problem }
}

/// Every address of every name. A name that fails is left out while another one has an address.
async fn resolve(hosts: &[Host]) -> Result<Vec<SocketAddr>, Error> {
    let mut lookups = JoinSet::new();
    for host in hosts {
        let host = host.clone();
        lookups.spawn(async move {
            let found = timeout(LOOKUP_LIMIT, lookup_host((host.name.as_str(), host.port))).await;
            let found = found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            found
                .map(Iterator::collect::<Vec<_>>)
                .map_err(|source| Error::Lookup { host: host.to_string(), source })
        });
    }
    let mut addresses = BTreeSet::new();
    let mut failure = None;
    for result in lookups.join_all().await {
        match result {
            Ok(found) => addresses.extend(found),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if addresses.is_empty() => Err(error),
        _ => Ok(addresses.into_iter().collect()),
    }
}

/// The addresses that accept a connection.
async fn reachable(addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Error> {
    let mut probes = JoinSet::new();
    for address in &addresses {
        let address = *address;
        probes.spawn(async move {
            let connected = timeout(PROBE_LIMIT, TcpStream::connect(address)).await;
            let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            connected.map(|_| address)
        });
    }
    let (mut answered, mut failure) = (Vec::new(), None);
    for result in probes.join_all().await {
        match result {
            Ok(address) => answered.push(address),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(source) if answered.is_empty() => {
            Err(Error::Unreachable { address: address_list(&addresses), source })
        }
        _ => Ok(answered),
    }
}

async fn connect(
    config: &ZooKeeperConfig,
    credentials: &CredentialSet,
    target: &Target,
    read_only: bool,
    reads: &Reads,
) -> Result<zookeeper::Client, Error> {
    let mut connector = zookeeper::Client::connector()
        .with_session_timeout(config.timeout)
        // Of the session timeout this is the most that the crate takes: it rides out the longest delays and ticks
        // the least.
        .with_connection_timeout((config.timeout * 3 / 5).min(SILENCE_LIMIT))
        .with_readonly(read_only)
        .with_fail_eagerly();
    for value in &credentials.values {
        connector = connector.with_auth("digest", value.expose());
    }
    let servers = target.servers.join(",");
    let attempt = async {
        match &target.tls {
            None => connector.connect(&servers).await,
            Some(material) => connector.with_tls(material.options()).secure_connect(&servers).await,
        }
    };
    let hosts = || target.servers.join(", ");
    match timeout(config.timeout + DIAL_SLACK, with_inline_tasks(attempt, reads)).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(source)) => Err(Error::NoSession { hosts: hosts(), source: Box::new(source) }),
        Err(elapsed) => Err(Error::NoSession { hosts: hosts(), source: Box::new(elapsed) }),
    }
}

fn address_list(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    texts.join(", ")
}
