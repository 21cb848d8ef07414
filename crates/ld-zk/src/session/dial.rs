//! Opens one session: names looked up afresh, dead servers left out, a writable one preferred.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use ld_config::SecretValue;
use tokio::time::timeout;

use super::diagnose;
use super::names::Resolved;
use super::storm::{self, SessionTask};
use super::tls::{self, Material};
use crate::Error;
use crate::shared::Shared;

/// How long a connection may be silent at most, however long the session timeout is.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
/// How much longer than the session timeout one attempt at a session may take; the ZooKeeper crate
/// itself stops at about the session timeout.
const DIAL_SLACK: Duration = Duration::from_secs(5);

/// What came before an attempt at a session. It tells whether some servers may be gone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before {
    /// Nothing: the client has just started.
    Nothing,
    /// A session that was lost.
    Loss,
    /// An attempt that failed.
    Failure,
}

/// Opens a session. After a failure or a loss only servers that accept a connection are tried: the
/// ZooKeeper crate gives one that swallows packets most of the session timeout. With TLS, where
/// that takes a handshake with each, only a failed attempt is reason enough.
pub(super) async fn dial(
    shared: &Shared,
    credentials: &[SecretValue],
    before: Before,
) -> Result<(zookeeper::Client, SessionTask), Error> {
    let hosts = shared.names.look_up().await?;
    let target = Target::new(shared, hosts, before).await?;
    let mut client = connect(shared, credentials, &target, false).await;
    if client.is_err() && shared.options.read_only {
        client = connect(shared, credentials, &target, true).await;
    }
    let (client, task) = match client {
        Ok(connected) => connected,
        Err(said) => return Err(target.explain(&said).await),
    };
    let chroot = shared.config.chroot.as_str();
    let chrooted = if chroot.is_empty() { Ok(client) } else { client.chroot(chroot) };
    chrooted.map(|client| (client, task)).map_err(|_| {
        let problem = format!("the chroot '{chroot}' is not a znode path like /prod");
        Error::InvalidSetting { setting: "zookeeper.hosts".to_owned(), problem }
    })
}

/// What the ZooKeeper crate is to connect to.
enum Target {
    /// Addresses: the crate gives all those of one name a single time limit.
    Plain(Vec<SocketAddr>),
    /// Names: the certificates must be theirs. The crate looks them up itself; names with a look-up
    /// that hangs are left out before.
    Secure(Vec<Resolved>, Material),
}

impl Target {
    async fn new(shared: &Shared, hosts: Vec<Resolved>, before: Before) -> Result<Self, Error> {
        let Some(tls) = &shared.tls else {
            let addresses: BTreeSet<_> = hosts.into_iter().flat_map(|(_, addresses)| addresses).collect();
            let addresses = addresses.into_iter().collect();
            return Ok(Self::Plain(match before {
                Before::Nothing => addresses,
                Before::Loss | Before::Failure => diagnose::reachable(addresses).await?,
            }));
        };
        let material = tls.refresh().await?;
        let hosts = match before {
            Before::Nothing | Before::Loss => hosts,
            Before::Failure => tls::reachable(hosts, &material).await?,
        };
        Ok(Self::Secure(hosts, material))
    }

    fn servers(&self) -> String {
        let servers: Vec<String> = match self {
            Self::Plain(addresses) => addresses.iter().map(SocketAddr::to_string).collect(),
            Self::Secure(hosts, _) => hosts.iter().map(|(host, _)| host.to_string()).collect(),
        };
        servers.join(",")
    }

    /// Why there is no session. The crate says little more than that there is none, so each server
    /// is asked.
    async fn explain(&self, said: &str) -> Error {
        match self {
            Self::Plain(addresses) => diagnose::explain(addresses, said).await,
            Self::Secure(hosts, material) => match tls::reachable(hosts.clone(), material).await {
                Err(error) => error,
                Ok(_) => Error::NoSession { reasons: format!("{} ({said})", self.servers()) },
            },
        }
    }
}

/// Gives the session, or what the ZooKeeper crate said.
async fn connect(
    shared: &Shared,
    credentials: &[SecretValue],
    target: &Target,
    read_only: bool,
) -> Result<(zookeeper::Client, SessionTask), String> {
    let limit = shared.config.timeout;
    let mut connector = zookeeper::Client::connector()
        .with_session_timeout(limit)
        // The crate takes no larger part of the session timeout. The largest part tolerates the
        // longest delays and needs the fewest pings.
        .with_connection_timeout((limit * 3 / 5).min(SILENCE_LIMIT))
        .with_readonly(read_only)
        .with_fail_eagerly();
    for value in credentials {
        connector = connector.with_auth("digest", value.expose());
    }
    let servers = target.servers();
    let attempt = async {
        match target {
            Target::Plain(_) => connector.connect(&servers).await,
            Target::Secure(_, material) => material.connect(connector, &servers).await,
        }
    };
    match timeout(limit + DIAL_SLACK, storm::connect(attempt)).await {
        Ok(client) => client.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {:?}", limit + DIAL_SLACK)),
    }
}
