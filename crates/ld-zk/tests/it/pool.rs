//! Many nodes: several sessions, and bytes within the budget.

use std::time::Duration;

use ld_config::SecretsConfig;
use ld_testkit::{Namespace, Proxy};
use ld_zk::{Client, NodeState, NodeWatch, Options, Reading};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::kit::{config, next, text, until_content, within};

/// Reads all of them at once.
async fn read_all(watches: Vec<NodeWatch>) -> Vec<(NodeWatch, Reading)> {
    let mut tasks = tokio::task::JoinSet::new();
    for mut watch in watches {
        tasks.spawn(async move {
            let reading = next(&mut watch).await;
            (watch, reading)
        });
    }
    within("all the nodes", tasks.join_all()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_beyond_a_sessions_limit_use_more_sessions() {
    let namespace = Namespace::new();
    let proxy = Proxy::start(namespace.server().address());
    // 1,500 paths of about 210 bytes are more than three times what one session may watch.
    let long = "x".repeat(200);
    let paths: Vec<String> = (0..1500).map(|i| format!("/{long}{i}")).collect();
    let config = {
        let mut zookeeper = config(proxy.address());
        zookeeper.chroot = namespace.chroot().to_owned();
        zookeeper
    };
    let client = Client::new(&config, &SecretsConfig::default(), Options::default()).unwrap();
    for path in &paths {
        namespace.admin().create(&namespace.path(path), "one").unwrap();
    }
    let read = read_all(paths.iter().map(|path| client.watch(path).unwrap()).collect()).await;
    assert!(read.iter().all(|(_, reading)| text(reading) == "one"));
    let sessions = proxy.sessions().len();
    assert!((4..=5).contains(&sessions), "{sessions} sessions");

    proxy.reset_connections();
    for path in &paths {
        namespace.admin().set(&namespace.path(path), "two").unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for (mut watch, old) in read {
        tasks.spawn(async move {
            let reading = crate::kit::until_content(&mut watch, "two").await;
            assert_eq!(reading.session, old.session, "the session survived");
        });
    }
    within("every change", tasks.join_all()).await;
    assert_eq!(proxy.sessions().len(), sessions);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_watch_gives_its_room_back() {
    let namespace = Namespace::new();
    let client = crate::kit::client(namespace.server().address());
    // Six of these fill a session.
    let path = format!("/{}", "x".repeat(16_000));
    for _ in 0..30 {
        drop(client.watch(&path).unwrap());
    }
    assert_eq!(client.state().sessions.len(), 1);
    let _held: Vec<_> = (0..7).map(|_| client.watch(&path).unwrap()).collect();
    assert_eq!(client.state().sessions.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_is_held_counts_against_the_budget() {
    let namespace = Namespace::new();
    let mut options = Options::default();
    options.read_budget_bytes = 1_000_000;
    let config = config(namespace.server().address());
    let client = Client::new(&config, &SecretsConfig::default(), options).unwrap();
    let big = vec![b'x'; 900_000];
    for name in ["/a", "/b"] {
        namespace.admin().create(&namespace.path(name), &big).unwrap();
    }
    let mut first = client.watch(&namespace.path("/a")).unwrap();
    let held = next(&mut first).await;
    let NodeState::Present { data, stat } = &held.state else { panic!("{held:?}") };
    assert_eq!((data.len(), stat.data_length), (900_000, 900_000));
    let mut second = client.watch(&namespace.path("/b")).unwrap();
    second.changed().await;
    assert!(timeout(Duration::from_millis(300), second.read()).await.is_err(), "it must wait for room");
    drop(held);
    within("room", second.changed()).await;
    assert!(matches!(within("room", second.read()).await.state, NodeState::Present { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_unexpected_size_is_read_again_when_there_is_room() {
    let namespace = Namespace::new();
    let mut options = Options::default();
    options.read_budget_bytes = 1_000_000;
    let config = config(namespace.server().address());
    let client = Client::new(&config, &SecretsConfig::default(), options).unwrap();
    // So many small ones that the next ones are believed to be small, too.
    for index in 0..50 {
        let path = namespace.path(&format!("/small{index}"));
        namespace.admin().create(&path, "x").unwrap();
        next(&mut client.watch(&path).unwrap()).await;
    }
    let mut readings = JoinSet::new();
    for name in ["/a", "/b"] {
        let path = namespace.path(name);
        namespace.admin().create(&path, vec![b'x'; 900_000]).unwrap();
        let mut watch = client.watch(&path).unwrap();
        readings.spawn(async move { (next(&mut watch).await, watch) });
    }
    let first = within("the first", readings.join_next()).await.unwrap().unwrap();
    assert!(
        timeout(Duration::from_millis(300), readings.join_next()).await.is_err(),
        "it must wait for room"
    );
    drop(first);
    let (second, mut watch) = within("room", readings.join_next()).await.unwrap().unwrap();
    assert!(matches!(second.state, NodeState::Present { data, .. } if data.len() == 900_000));
    // Its watch is set, whichever of its readings set it.
    namespace.admin().set(watch.path(), "small").unwrap();
    until_content(&mut watch, "small").await;
}
