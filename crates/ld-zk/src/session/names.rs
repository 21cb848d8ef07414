//! Host names to addresses, looked up anew for each session. A look-up that hangs costs one thread
//! a name.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use ld_blocking::{BoundedCalls, Spawner};
use ld_config::Host;
use tracing::{info, warn};

use crate::Error;
use crate::panics::lock;

/// How long a session waits for the look-up of its host names. They are looked up all at once.
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);

type Resolve = fn(&str) -> io::Result<Vec<IpAddr>>;

/// The configured hosts and what is known of them.
#[derive(Debug)]
pub(crate) struct Names {
    hosts: Vec<Host>,
    lookups: BTreeMap<String, Lookup>,
    limit: Duration,
}

/// The look-up of one name.
#[derive(Debug)]
struct Lookup {
    name: String,
    /// One at a time: while it hangs there is no second one.
    calls: BoundedCalls,
    resolve: Resolve,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// What the last successful look-up found, even if it came too late for its caller.
    addresses: Vec<IpAddr>,
    /// The look-up hangs, and the log says so.
    logged: bool,
}

/// A host and its addresses.
pub(crate) type Resolved = (Host, Vec<SocketAddr>);

impl Names {
    pub(crate) fn new(hosts: &[Host], spawner: Spawner) -> Self {
        Self::with(hosts, spawner, LOOKUP_LIMIT, resolve)
    }

    fn with(hosts: &[Host], spawner: Spawner, limit: Duration, resolve: Resolve) -> Self {
        let lookup = |host: &Host| Lookup {
            name: host.name.clone(),
            calls: BoundedCalls::new(format!("looking up {}", host.name), spawner, 1),
            resolve,
            known: Arc::default(),
        };
        let lookups = hosts.iter().map(|host| (host.name.clone(), lookup(host))).collect();
        Self { hosts: hosts.to_vec(), lookups, limit }
    }

    /// The hosts that have addresses. A name with a look-up that hangs keeps the addresses that it
    /// had last.
    ///
    /// # Errors
    /// [`Error::Lookup`] if no host has an address.
    pub(crate) async fn look_up(&self) -> Result<Vec<Resolved>, Error> {
        let lookups = self.hosts.iter().map(|host| async move {
            let addresses = self.lookups[&host.name].run(self.limit).await?;
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, host.port));
            Ok((host.clone(), addresses.collect()))
        });
        Error::unless_any(join_all(lookups).await)
    }
}

impl Lookup {
    async fn run(&self, limit: Duration) -> Result<Vec<IpAddr>, Error> {
        // An address needs no thread.
        if let Ok(address) = self.name.parse() {
            return Ok(vec![address]);
        }
        let (resolve, name, known) = (self.resolve, self.name.clone(), Arc::clone(&self.known));
        let call = move || {
            let found = resolve(&name)?;
            let mut known = lock(&known);
            if std::mem::take(&mut known.logged) {
                info!("looking up {name} works again");
            }
            known.addresses.clone_from(&found);
            Ok::<_, io::Error>(found)
        };
        let failed = |source| Error::Lookup { host: self.name.clone(), source };
        match self.calls.run(limit, call).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(failed(error.into())),
            Err(error) => {
                let mut known = lock(&self.known);
                if !std::mem::replace(&mut known.logged, true) {
                    warn!("{error}; going on with the addresses that are known");
                }
                if known.addresses.is_empty() {
                    Err(failed(error.into()))
                } else {
                    Ok(known.addresses.clone())
                }
            }
        }
    }
}

fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
    let found: Vec<_> = (name, 0).to_socket_addrs()?.map(|address| address.ip()).collect();
    if found.is_empty() { Err(io::Error::other("it has no address")) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::sync::{LazyLock, mpsc::Receiver};

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    fn host(name: &str, port: u16) -> Host {
        Host { name: name.to_owned(), port }
    }

    fn texts(resolved: &[Resolved]) -> Vec<String> {
        resolved.iter().flat_map(|(_, addresses)| addresses.iter().map(SocketAddr::to_string)).collect()
    }

    #[tokio::test]
    async fn a_name_that_fails_is_left_out_while_another_has_addresses() {
        let resolve = |name: &str| match name {
            "good" => Ok(vec![[10, 0, 0, 1].into(), [10, 0, 0, 2].into()]),
            _ => Err(io::Error::other("no such name")),
        };
        let hosts = [host("bad", 1), host("good", 2), host("good", 3), host("::1", 4)];
        let names = Names::with(&hosts, Spawner::Threads, LOOKUP_LIMIT, resolve);
        let resolved = names.look_up().await.unwrap();
        let expected = ["10.0.0.1:2", "10.0.0.2:2", "10.0.0.1:3", "10.0.0.2:3", "[::1]:4"];
        assert_eq!(texts(&resolved), expected);

        let names = Names::with(&hosts[..1], Spawner::Threads, LOOKUP_LIMIT, resolve);
        let error = names.look_up().await.unwrap_err().to_string();
        assert_eq!(error, "cannot look up the ZooKeeper host bad: no such name");
    }

    #[tokio::test]
    async fn a_name_that_hangs_keeps_its_addresses_and_heals() {
        /// What each look-up waits for.
        static GATE: LazyLock<(mpsc::Sender<u8>, Mutex<Receiver<u8>>)> = LazyLock::new(|| {
            let (open, gate) = mpsc::channel();
            (open, Mutex::new(gate))
        });
        let resolve = |name: &str| match name {
            "good" => Ok(vec![[10, 0, 0, 1].into()]),
            _ => Ok(vec![[10, 0, 0, GATE.1.lock().unwrap().recv().unwrap()].into()]),
        };
        let names = Names::with(&[host("slow", 1), host("good", 1)], Spawner::Threads, SHORT, resolve);
        assert_eq!(texts(&names.look_up().await.unwrap()), ["10.0.0.1:1"], "the other one does not wait");

        let lookup = &names.lookups["slow"];
        let error = lookup.run(SHORT).await.unwrap_err().to_string();
        let expected = "cannot look up the ZooKeeper host slow: looking up slow has hung since ";
        assert!(error.starts_with(expected), "{error}");

        GATE.0.send(7).unwrap();
        // The first look-up ends late, and the next one hangs.
        while lock(&lookup.known).addresses.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(texts(&names.look_up().await.unwrap()), ["10.0.0.7:1", "10.0.0.1:1"]);
        GATE.0.send(8).unwrap();
        while texts(&names.look_up().await.unwrap())[0] != "10.0.0.8:1" {}
        GATE.0.send(9).unwrap();
    }
}
