//! Many nodes that are read for the first time at once: several with one request, and watched afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ld_config::{SecretsConfig, ZooKeeperConfig};
use ld_testkit::operation::{EXISTS, GET_DATA, MULTI_READ};
use ld_testkit::{Acl, Namespace, Proxy, ProxyMode, Session, Step};
use ld_zk::{Client, NodeWatch, Options, Reading};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::kit::{config, next, text, until_content, within};

/// Nodes that make up several requests.
const NODES: usize = 200;
/// Before this is over the audit, which looks at one node a second, has found few of the changes that no watch has told.
const BEFORE_THE_AUDIT: Duration = Duration::from_secs(20);
/// Nodes that are read by themselves before, so that others are believed to be as small.
const BEFORE: usize = 50;

struct Rig {
    namespace: Namespace,
    proxy: Proxy,
    client: Client,
    /// The requests that read or check one node, before those of the test.
    singles: usize,
}

impl Rig {
    /// A client whose next readings may be done in bulk.
    async fn new() -> Self {
        let namespace = Namespace::new();
        let proxy = Proxy::start(namespace.server().address());
        let config = ZooKeeperConfig { chroot: namespace.chroot().to_owned(), ..config(proxy.address()) };
        let client = Client::new(&config, &SecretsConfig::default(), Options::default()).unwrap();
        let mut rig = Self { namespace, proxy, client, singles: 0 };
        for index in 0..BEFORE {
            let path = format!("/before{index}");
            rig.create(&path, "before");
            assert_eq!(text(&next(&mut rig.client.watch(&path)).await), "before");
        }
        rig.singles = rig.singles();
        rig
    }

    /// The requests of the test that read or check one node.
    fn singles(&self) -> usize {
        self.proxy.requests_of(GET_DATA) + self.proxy.requests_of(EXISTS) - self.singles
    }

    fn create(&self, path: &str, content: &str) {
        self.namespace.admin().create(&self.namespace.path(path), content).unwrap();
    }

    /// Changes all of them at once.
    fn change(&self, paths: &[String]) {
        let steps: Vec<Step> =
            paths.iter().map(|path| Step::set(self.namespace.path(path), "changed")).collect();
        self.namespace.admin().transaction(&steps).unwrap();
    }

    fn create_all(&self) -> Vec<String> {
        self.create_many("node", NODES)
    }

    fn create_many(&self, name: &str, count: usize) -> Vec<String> {
        let paths: Vec<String> = (0..count).map(|index| format!("/{name}{index}")).collect();
        paths.iter().for_each(|path| self.create(path, path));
        paths
    }

    /// Reads all of them at once, in the order given.
    async fn read(&self, paths: &[String]) -> Vec<(NodeWatch, Reading)> {
        self.read_again(paths.iter().map(|path| self.client.watch(path)).collect()).await
    }

    async fn read_again(&self, watches: Vec<NodeWatch>) -> Vec<(NodeWatch, Reading)> {
        let start = Arc::new(Barrier::new(watches.len()));
        let mut tasks = JoinSet::new();
        for (index, mut watch) in watches.into_iter().enumerate() {
            let start = Arc::clone(&start);
            tasks.spawn(async move {
                start.wait().await;
                let reading = next(&mut watch).await;
                (index, watch, reading)
            });
        }
        let mut read = within("all the nodes", tasks.join_all()).await;
        read.sort_by_key(|(index, ..)| *index);
        read.into_iter().map(|(_, watch, reading)| (watch, reading)).collect()
    }

    /// Waits until all watches are armed: each node was either checked or read with its watch.
    async fn until_armed(&self, nodes: usize) {
        within("the watches", async {
            while self.singles() < nodes {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

/// Waits until all of them have seen the change.
async fn see_change(watches: Vec<NodeWatch>) {
    let mut tasks = JoinSet::new();
    for mut watch in watches {
        tasks.spawn(async move { until_content(&mut watch, "changed").await });
    }
    assert!(timeout(BEFORE_THE_AUDIT, tasks.join_all()).await.is_ok(), "some have not seen the change");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_are_read_with_few_requests_and_each_later_change_is_seen() {
    let rig = Rig::new().await;
    let paths = rig.create_all();
    let read = rig.read(&paths).await;
    for (path, (_, reading)) in paths.iter().zip(&read) {
        assert_eq!(text(reading), *path);
    }
    let (bulk, single) = (rig.proxy.requests_of(MULTI_READ), rig.proxy.requests_of(GET_DATA) - BEFORE);
    assert!((NODES / 16..=NODES / 4).contains(&bulk), "{bulk} requests for many nodes");
    assert!(single <= NODES / 10, "{single} nodes were read by themselves");

    // They wait before their watches are armed.
    let watches = read.into_iter().map(|(watch, _)| watch).collect();
    let seen = tokio::spawn(see_change(watches));
    rig.until_armed(NODES).await;
    rig.change(&paths);
    seen.await.unwrap();
}

#[tokio::test]
async fn nodes_whose_turn_comes_as_others_are_done_are_read_many_at_once_too() {
    const AT_ONE_TIME: usize = 48;
    let rig = Rig::new().await;
    let paths = rig.create_all();
    let turns = Arc::new(Semaphore::new(AT_ONE_TIME));
    let mut tasks = JoinSet::new();
    for path in &paths {
        let (mut watch, turns) = (rig.client.watch(path), Arc::clone(&turns));
        tasks.spawn(async move {
            let _turn = turns.acquire().await;
            next(&mut watch).await;
            // What is made of it takes a while, and not the same for each.
            for _ in 0..fastrand::usize(..8) {
                tokio::task::yield_now().await;
            }
            watch
        });
    }
    let _watches = within("all the nodes", tasks.join_all()).await;
    let (bulk, single) = (rig.proxy.requests_of(MULTI_READ), rig.proxy.requests_of(GET_DATA) - BEFORE);
    assert!(bulk <= NODES / 8, "{bulk} requests for {NODES} nodes");
    assert!(single <= NODES / 20, "{single} nodes were read by themselves");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_between_the_reading_and_its_watch_is_seen() {
    let rig = Rig::new().await;
    let paths = rig.create_all();
    let watches = paths.iter().map(|path| rig.client.watch(path)).collect();
    // Only after the first answer are several requests in flight.
    rig.read(&rig.create_many("first", 16)).await;
    rig.until_armed(16).await;
    let (before, bulk) = (rig.proxy.requests_of(EXISTS), rig.proxy.requests_of(MULTI_READ));
    // What is read arrives so late that the changes are made before any watch is armed.
    let delay = Duration::from_millis(500);
    rig.proxy.set_mode(ProxyMode::Delay { to_server: Duration::ZERO, to_client: delay });
    let change = async {
        within("the reads", async {
            while rig.proxy.requests_of(MULTI_READ) < bulk + 4 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        tokio::time::sleep(delay / 10).await;
        rig.change(&paths);
        assert_eq!(rig.proxy.requests_of(EXISTS), before, "no watch is armed yet");
        rig.proxy.set_mode(ProxyMode::Pass);
    };
    let (read, ()) = tokio::join!(rig.read_again(watches), change);
    let old: BTreeSet<String> = read.iter().map(|(_, reading)| text(reading)).collect();
    assert!(old.len() > 32, "some were read before they changed: {}", old.len());
    let old = read.into_iter().filter(|(_, reading)| text(reading) != "changed");
    see_change(old.map(|(watch, _)| watch).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_in_bulk_is_read_by_itself() {
    let rig = Rig::new().await;
    let mut paths = rig.create_all();
    let closed = [Acl::anyone(Acl::ALL - Acl::READ)];
    rig.namespace.admin().create_with_acl(&rig.namespace.path("/secret"), "secret", &closed).unwrap();
    paths.insert(3, "/missing".to_owned());
    paths.insert(5, "/secret".to_owned());
    paths.insert(7, "not a path".to_owned());
    let read = rig.read(&paths).await;
    for (path, (_, reading)) in paths.iter().zip(&read) {
        let text = text(reading);
        match path.as_str() {
            "/missing" => assert_eq!(text, "<absent>"),
            "/secret" => assert_eq!(text, "<NoAuth>"),
            "not a path" => assert!(text.contains("BadArguments") || text.starts_with("<Other"), "{text}"),
            path => assert_eq!(text, path),
        }
    }
    assert!(rig.proxy.requests_of(MULTI_READ) > 0);
    // The missing one is watched as well.
    rig.create("/missing", "there");
    let (mut missing, _) = read.into_iter().nth(3).unwrap();
    until_content(&mut missing, "there").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_knows_no_bulk_reads_is_soon_asked_for_each_node() {
    let rig = Rig::new().await;
    let paths = rig.create_all();
    rig.proxy.hide_operation(MULTI_READ as u8);
    let read = rig.read(&paths).await;
    for (path, (_, reading)) in paths.iter().zip(&read) {
        assert_eq!(text(reading), *path);
    }
    let asked = rig.proxy.requests_of(MULTI_READ);
    assert!((1..=2).contains(&asked), "the server may have said so twice: {asked}");
    rig.change(&paths);
    see_change(read.into_iter().map(|(watch, _)| watch).collect()).await;
    assert_eq!(rig.proxy.sessions().len(), 1, "it lost its connection and not its session");

    // Another session does not ask again.
    let paths: Vec<String> = paths.iter().map(|path| format!("{path}-2")).collect();
    paths.iter().for_each(|path| rig.create(path, path));
    rig.read(&paths).await;
    assert_eq!(rig.proxy.requests_of(MULTI_READ), asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_confirmed_that_changed_before_its_watch_was_armed() {
    let rig = Rig::new().await;
    let paths = rig.create_all();
    // All nodes were asked for a moment ago, so that this need not be done again for those that have watches.
    assert!(rig.client.confirm(crate::kit::LIMIT).await.age() < crate::kit::LIMIT);
    let watches = paths.iter().map(|path| rig.client.watch(path)).collect();
    let read = rig.read_again(watches).await;
    rig.change(&paths);
    let confirmed = within("the proof", rig.client.confirm(crate::kit::LIMIT)).await;
    for (mut watch, reading) in read {
        if text(&reading) != "changed" && confirmed.covers(reading.session) {
            let knows = timeout(Duration::ZERO, watch.changed()).await.is_ok();
            assert!(knows, "{} was confirmed with what it was before", watch.path());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_meanwhile_is_followed_by_one_in_which_all_is_read_again() {
    let rig = Rig::new().await;
    let paths = rig.create_all();
    let watches: Vec<_> = paths.iter().map(|path| rig.client.watch(path)).collect();
    let expire = async {
        within("the reads", async {
            while rig.proxy.requests_of(MULTI_READ) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        let server = rig.namespace.server().address();
        Session::expire(&rig.proxy, server, || {});
    };
    let (read, _) = tokio::join!(rig.read_again(watches), expire);
    rig.change(&paths);
    see_change(read.into_iter().map(|(watch, _)| watch).collect()).await;
}
