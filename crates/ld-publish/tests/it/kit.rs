//! Helpers of these tests: a server with a history, and publications in it.

use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use ld_config::{Host, PublishConfig, SecretsConfig, ZooKeeperConfig};
use ld_publish::ld_config;
use ld_publish::{Access, Error, History, Log, Note, Publication, Published, init, plan};
use ld_testkit::{Admin, Namespace};
use ld_zk::zookeeper::AuthId;
use ld_zk::{Client, Options};
use tokio::time::timeout;

/// How long anything may take on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// The default of `zookeeper.max_node_bytes`.
pub(crate) const MAX_NODE_BYTES: usize = 1_000_000;

/// A history on a real server.
pub(crate) struct Rig {
    pub(crate) zookeeper: Namespace,
    pub(crate) client: Client,
    pub(crate) history: History,
}

/// Bounds a wait.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = timeout(LIMIT, future).await else { panic!("not within {LIMIT:?}: {what}") };
    value
}

/// Polls `work` so many times, and gives its result if that was enough.
pub(crate) async fn poll_times<T>(mut work: Pin<&mut impl Future<Output = T>>, times: usize) -> Option<T> {
    let mut left = times;
    std::future::poll_fn(|context| {
        left -= 1;
        match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A client of the server at `address`, below `chroot`.
pub(crate) fn client(address: SocketAddr, chroot: &str) -> Client {
    let mut zookeeper = ZooKeeperConfig::default();
    zookeeper.hosts = vec![Host { name: address.ip().to_string(), port: address.port() }];
    zookeeper.chroot = chroot.to_owned();
    zookeeper.timeout = Duration::from_secs(5);
    Client::new(&zookeeper, &SecretsConfig::default(), Options::default()).expect("the settings are good")
}

/// A history that keeps so many publications of each node.
pub(crate) fn history(kept: usize) -> History {
    let mut publish = PublishConfig::default();
    publish.history = kept;
    History::new(&publish)
}

pub(crate) fn note(message: &str) -> Note {
    Note::new("alice@host", message).expect("it is short")
}

impl Rig {
    /// With the directories that `live-data-ctl init` makes, and a node for each path, which holds
    /// `old`.
    pub(crate) async fn new(kept: usize, paths: &[&str]) -> Self {
        let zookeeper = Namespace::new();
        let client = client(zookeeper.server().address(), zookeeper.chroot());
        let rig = Self { zookeeper, client, history: history(kept) };
        rig.init().await;
        for path in paths {
            rig.admin().create(&rig.full(path), "old").unwrap();
        }
        rig
    }

    async fn init(&self) {
        let anyone = vec![AuthId::anyone()];
        let access = Access { publishers: anyone.clone(), reporters: Vec::new(), readers: Vec::new() };
        init(&self.client, &PublishConfig::default(), &access, async || pending().await).await.unwrap();
    }

    /// A client beside the code under test. Its paths are full ones.
    pub(crate) fn admin(&self) -> &Admin {
        self.zookeeper.admin()
    }

    pub(crate) fn full(&self, path: &str) -> String {
        self.zookeeper.path(path)
    }

    /// The publication of these contents, as they are compared now.
    pub(crate) async fn publication(&self, contents: &[(&str, &[u8])]) -> Publication {
        let mut plans = Vec::new();
        for (path, content) in contents {
            let plan = plan(&self.client, path, content.to_vec(), MAX_NODE_BYTES).await;
            plans.push(plan.unwrap());
        }
        Publication::of_changes(plans).expect("something changes")
    }

    pub(crate) async fn publish(
        &self,
        contents: &[(&str, &[u8])],
        message: &str,
    ) -> Result<Vec<Published>, Error> {
        let publication = self.publication(contents).await;
        within("a publication", self.history.commit(&publication, &note(message), pending())).await
    }

    pub(crate) async fn prune(&self, path: &str) -> usize {
        self.history.prune(&self.client, path).await.unwrap()
    }

    pub(crate) async fn log(&self, path: &str) -> Log {
        within("a log", self.history.read(&self.client, path)).await.unwrap()
    }

    /// The log in a few words: `3 -: old` is content that was not recorded, `4 message: new` a
    /// publication; versions come first.
    pub(crate) async fn lines(&self, path: &str) -> Vec<String> {
        let log = self.log(path).await;
        let mut lines = Vec::new();
        for entry in &log.entries {
            let content = self.history.content(&self.client, path, entry).await.unwrap();
            let message = if entry.is_recorded { &*entry.message } else { "-" };
            assert_eq!(entry.problem, None);
            assert_eq!(entry.bytes, content.len() as u64);
            lines.push(format!("{} {message}: {}", entry.version, String::from_utf8_lossy(&content)));
        }
        lines
    }

    pub(crate) fn content(&self, path: &str) -> String {
        String::from_utf8(self.admin().get(&self.full(path)).unwrap().0).unwrap()
    }

    pub(crate) fn set(&self, path: &str, content: &str) {
        self.admin().set(&self.full(path), content).unwrap();
    }
}
