//! Helpers of these tests: settings for a server, and readings with a deadline.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use ld_config::{Host, SecretsConfig, ZooKeeperConfig};
use ld_testkit::{Namespace, Proxy};
use ld_zk::{Absence, Client, NodeState, NodeWatch, Options, Reading, SessionState};
use tokio::time::timeout;

/// How long anything may take on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Settings for the server at `address`, with a session timeout that makes faults show soon.
pub(crate) fn config(address: SocketAddr) -> ZooKeeperConfig {
    let hosts = vec![Host { name: address.ip().to_string(), port: address.port() }];
    {
        let mut zookeeper = ZooKeeperConfig::default();
        zookeeper.hosts = hosts;
        zookeeper.timeout = Duration::from_secs(4);
        zookeeper
    }
}

/// A client of the server at `address`.
pub(crate) fn client(address: SocketAddr) -> Client {
    open(&config(address))
}

/// A client with these settings, and no secrets.
pub(crate) fn open(config: &ZooKeeperConfig) -> Client {
    Client::new(config, &SecretsConfig::default(), Options::default()).expect("the settings are good")
}

/// Bounds a wait.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = timeout(LIMIT, future).await else { panic!("not within {LIMIT:?}: {what}") };
    value
}

/// The next reading.
pub(crate) async fn next(watch: &mut NodeWatch) -> Reading {
    within("a reading", async {
        watch.changed().await;
        watch.read().await
    })
    .await
}

/// The first reading from now on that is as it should be.
pub(crate) async fn until(what: &str, watch: &mut NodeWatch, expected: impl Fn(&Reading) -> bool) -> Reading {
    within(what, async {
        loop {
            watch.changed().await;
            let reading = watch.read().await;
            if expected(&reading) {
                return reading;
            }
        }
    })
    .await
}

/// The first reading from now on with this content.
pub(crate) async fn until_content(watch: &mut NodeWatch, content: &str) -> Reading {
    until(content, watch, |reading| text(reading) == content).await
}

/// A reading as text: the content, or in brackets what there is instead.
pub(crate) fn text(reading: &Reading) -> String {
    match &reading.state {
        NodeState::Present { data, .. } => String::from_utf8_lossy(data).into_owned(),
        NodeState::TooLarge { bytes, limit } => format!("<{bytes} bytes of {limit}>"),
        NodeState::Absent(Absence::Deleted) => "<deleted>".to_owned(),
        NodeState::Absent(Absence::Confirmed) => "<absent>".to_owned(),
        NodeState::Absent(Absence::Unconfirmed { reason }) => format!("<unconfirmed: {reason}>"),
        NodeState::Unreadable(why) => format!("<{why:?}>"),
        other => format!("<{other:?}>"),
    }
}

/// Waits until the client as a whole is in `state`.
pub(crate) async fn until_state(client: &Client, state: SessionState) {
    let mut states = client.states();
    within("a session state", async {
        while states.get().overall() != state {
            states.changed().await.expect("the client lives");
        }
    })
    .await;
}

/// A namespace on the shared server, and a proxy in front of it.
pub(crate) fn proxied() -> (Namespace, Proxy) {
    let namespace = Namespace::new();
    let proxy = Proxy::start(namespace.server().address());
    (namespace, proxy)
}

/// A node that a client has read through a proxy.
pub(crate) struct Followed {
    pub(crate) namespace: Namespace,
    pub(crate) proxy: Proxy,
    pub(crate) path: String,
    pub(crate) client: Client,
    pub(crate) watch: NodeWatch,
    /// The first reading, with the content "one".
    pub(crate) reading: Reading,
}

/// Creates a node, and reads it with the client that `open` returns for the proxy's address.
pub(crate) async fn follow(open: impl FnOnce(SocketAddr) -> Client) -> Followed {
    let (namespace, proxy) = proxied();
    let path = namespace.path("/node");
    namespace.admin().create(&path, "one").unwrap();
    let client = open(proxy.address());
    let mut watch = client.watch(&path).unwrap();
    let reading = next(&mut watch).await;
    Followed { namespace, proxy, path, client, watch, reading }
}

/// Waits until the client has failed to connect.
pub(crate) async fn first_failure(client: &Client) {
    within("a first failure", async {
        let mut states = client.states();
        while states.get().last_error().is_none() {
            states.changed().await.expect("the client lives");
        }
    })
    .await;
}
