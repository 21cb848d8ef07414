//! What many nodes cost, and that dropped ones leave nothing behind.

use futures_util::FutureExt;

use super::*;
use crate::Client;
use crate::{Error, SessionKey};

fn is_send<T: Send>(value: T) -> T {
    value
}

async fn client() -> Client {
    let config = ld_config::ZooKeeperConfig::builder().hosts("127.0.0.1:1").build().unwrap();
    Client::new(&config, &Default::default(), Default::default()).unwrap()
}

#[tokio::test]
async fn a_hundred_thousand_waiting_nodes_are_cheap() {
    let client = client().await;
    let mut watch = client.watch("/a").unwrap();
    assert!(size_of::<NodeWatch>() + size_of::<Node>() <= 320);
    let waiting = size_of_val(&is_send(watch.changed()));
    assert!(waiting <= 512, "{waiting}");
    let reading = size_of_val(&is_send(watch.read()));
    assert!(reading <= 768, "{reading}");
    drop(is_send(client.confirm(std::time::Duration::ZERO)));
}

#[tokio::test]
async fn short_lived_watches_leave_nothing_behind() {
    let client = client().await;
    for _ in 0..1000 {
        drop(client.watch("/a").unwrap());
    }
    let watch = client.watch("/b").unwrap();
    assert_eq!(watch.path_watch.room.session.nodes.all().len(), 1);
    assert_eq!(Arc::strong_count(&watch.node), 2);
}

#[tokio::test]
async fn a_closed_client_resolves_each_watch_once() {
    let client = client().await;
    let mut watch = client.watch("/a").unwrap();
    watch.changed().await;
    client.close(std::time::Duration::from_secs(30)).await;
    let reading = watch.read().await;
    assert!(matches!(reading.state, NodeState::Unreadable(Unreadable::Other(Error::Closed))));
    assert!(watch.changed().now_or_never().is_none());
    assert_eq!(client.connection_error().as_deref(), Some("the ZooKeeper client is closed"));
}

#[tokio::test]
async fn a_fired_watch_is_seen_without_a_cooperative_budget() {
    let client = client().await;
    let mut watch = client.watch("/a").unwrap();
    watch.path_watch.complete(Basis::Session(SessionKey::unique()), std::future::ready(()));
    let free = tokio::sync::Semaphore::new(1);
    while free.acquire().now_or_never().is_some() {}
    assert!(watch.changed().now_or_never().is_some());
}

#[tokio::test]
async fn nodes_watched_together_have_one_session() {
    let client = client().await;
    let long = |name: &str| format!("/{name}{}", "x".repeat(4_000));
    // The first session has room for one more of these, and not for two.
    let _others: Vec<_> = (0..23).map(|_| client.watch(&long("other")).unwrap()).collect();
    let paths = ["a", "b"].map(long);
    let together = client.watch_together([&paths[0], &paths[1]]).unwrap();
    let [first, second] = together.each_ref().map(|watch| watch.path_watch.room.session.id);
    assert_eq!((first, second), (1, 1));
    assert_eq!(together.each_ref().map(NodeWatch::path), [paths[0].as_str(), paths[1].as_str()]);
    assert!(client.watch_together(["/a", "/../b"]).is_err());
}

#[tokio::test]
async fn a_released_watch_is_as_before_its_first_reading() {
    let client = client().await;
    let mut watch = client.watch("/a").unwrap();
    let session = SessionKey::unique();
    watch.node.saw(Some(Seen { session, mzxid: Some(1) }));
    watch.path_watch.complete(Basis::Session(session), std::future::pending());
    assert!(watch.changed().now_or_never().is_none());
    watch.release();
    assert!(watch.changed().now_or_never().is_some());
    assert_eq!(watch.node.seen_in(session), None, "the audit has nothing to compare it with");
}

#[tokio::test]
async fn a_node_beside_another_has_its_session() {
    let client = client().await;
    let first = client.watch("/a").unwrap();
    let long = format!("/{}", "x".repeat(16_000));
    // The last of these has no room in the first session, so that there is a newer one.
    let others: Vec<_> = (0..7).map(|_| client.watch(&long).unwrap()).collect();
    let session = |watch: &NodeWatch| watch.path_watch.room.session.id;
    assert_eq!((session(&first), session(&others[6])), (0, 1));
    let beside = first.beside("signature").unwrap();
    assert_eq!((beside.path(), session(&beside)), ("/signature", 0));
    assert_eq!(session(&first.beside(&long).unwrap()), 1);
    assert!(first.beside("/../b").is_err());
}
