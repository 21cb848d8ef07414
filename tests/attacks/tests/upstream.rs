//! Faults of the ZooKeeper crate that docs/upstream/ reports.
//!
//! Each test asserts a fault as it is today. When one fails, a new version has fixed it: remove its
//! page and its workaround.

mod memory;

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use ld_testkit::hostile::{CONNECT, Delivery, HostileServer, Rule, Then, another_session, data_length};
use ld_testkit::{Namespace, Proxy, SOON, operation};
use ld_zk::zookeeper::{AddWatchMode, Client, Error, EventType, SessionState, StateWatcher};
use tokio::time::timeout;

const TIMEOUT: Duration = Duration::from_secs(4);

async fn connect(hosts: &str) -> Client {
    Client::connector().with_session_timeout(TIMEOUT).connect(hosts).await.unwrap()
}

/// Waits until the session is in one of the states `wanted`.
async fn reach(states: &mut StateWatcher, wanted: &[SessionState]) -> SessionState {
    let reached = async {
        let mut state = states.state();
        while !wanted.contains(&state) {
            state = states.changed().await;
        }
        state
    };
    timeout(SOON, reached).await.expect("the session reaches one of these states")
}

/// Waits until the server has received `count` requests of an operation.
///
/// The task of the session runs meanwhile.
async fn received(server: &HostileServer, operation: i32, count: u64) {
    let all = async {
        while server.requests_of(operation) < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, all).await.expect("the requests arrive");
}

/// docs/upstream/short-get-data.md
#[tokio::test]
async fn a_short_data_reply_panics() {
    let server = HostileServer::start();
    server.set("/a", b"honest");
    let client = connect(&server.connect_string()).await;
    for (length, panics) in [(0, true), (67, true), (68, true), (71, true), (72, false)] {
        server.be_honest();
        server.add(Rule::on(operation::GET_DATA, move |_, reply| reply.body.resize(length, 0)));
        let read = tokio::spawn(client.get_data("/a")).await;
        assert_eq!(read.is_err_and(|error| error.is_panic()), panics, "a body of {length} bytes");
    }
}

/// docs/upstream/short-get-data.md
#[tokio::test]
async fn the_length_of_data_is_not_read() {
    let server = HostileServer::start();
    server.set("/a", b"honest");
    let client = connect(&server.connect_string()).await;
    for length in [-7, 0, 5, 7, i32::MAX] {
        server.be_honest();
        server.add(Rule::on(operation::GET_DATA, data_length(length)));
        assert_eq!(client.get_data("/a").await.unwrap().0, b"honest", "a length of {length}");
    }
}

/// docs/upstream/short-exists.md
#[tokio::test]
async fn a_short_stat_reply_reads_as_a_missing_node() {
    let server = HostileServer::start();
    server.set("/a", b"");
    let client = connect(&server.connect_string()).await;
    assert!(client.check_stat("/a").await.unwrap().is_some());
    server.add(Rule::on(operation::EXISTS, |_, reply| reply.body.truncate(67)));
    assert_eq!(client.check_stat("/a").await, Ok(None));
}

/// Sets watches on paths of `bytes` bytes, loses the connection, and returns the session's state.
async fn resume_with_watches(bytes: usize) -> SessionState {
    const LENGTH: usize = 1000;
    let server = HostileServer::start();
    // On a network the first reply arrives after the second request was sent.
    let slow = Delivery::Delayed(Duration::from_millis(100));
    server.add(Rule::on(operation::SET_WATCHES, move |_, reply| reply.delivery = slow));
    let client = connect(&server.connect_string()).await;
    let mut states = client.state_watcher();
    let mut watches = Vec::new();
    for index in 0..bytes / LENGTH {
        let path = format!("/{index:0width$}", width = LENGTH - 1);
        watches.push(client.check_and_watch_stat(&path).await.unwrap());
    }
    server.drop_connections();
    received(&server, CONNECT, 2).await;
    let state = reach(&mut states, &[SessionState::SyncConnected, SessionState::Expired]).await;
    // The state is reported before the second reply.
    match client.sync("/").await {
        Ok(()) => state,
        Err(_) => reach(&mut states, &[SessionState::Expired]).await,
    }
}

/// docs/upstream/rearming.md
#[tokio::test]
async fn a_session_with_128_kib_of_watched_paths_cannot_resume() {
    assert_eq!(resume_with_watches(100 << 10).await, SessionState::SyncConnected);
    assert_eq!(resume_with_watches(200 << 10).await, SessionState::Expired);
}

/// docs/upstream/persistent-watches.md
#[tokio::test(flavor = "current_thread")]
async fn persistent_watches_are_lost_on_a_reconnect() {
    let test = Namespace::new();
    let path = test.path("/a");
    test.admin().create(&path, "0").unwrap();
    let proxy = Proxy::start(test.server().address());
    let client = connect(&proxy.connect_string()).await;
    let mut persistent = client.watch(&path, AddWatchMode::Persistent).await.unwrap();
    test.admin().set(&path, "1").unwrap();
    let event = timeout(SOON, persistent.changed()).await.unwrap();
    assert_eq!(event.event_type, EventType::NodeDataChanged);
    proxy.reset_connections();
    while timeout(SOON, persistent.changed()).await.unwrap().session_state != SessionState::SyncConnected {}
    // The event of another node, which arrives later.
    let other = test.path("/b");
    let (_, one_shot) = client.check_and_watch_stat(&other).await.unwrap();
    test.admin().set(&path, "2").unwrap();
    test.admin().create(&other, "").unwrap();
    timeout(SOON, one_shot.changed()).await.unwrap();
    assert_eq!(persistent.changed().now_or_never(), None);
}

/// docs/upstream/another-session.md
#[tokio::test]
async fn another_session_at_a_resume_is_not_reported() {
    let server = HostileServer::start();
    let client = connect(&server.connect_string()).await;
    let mut states = client.state_watcher();
    server.add(Rule::on(CONNECT, another_session(0x666)));
    server.drop_connections();
    received(&server, CONNECT, 2).await;
    let state = reach(&mut states, &[SessionState::SyncConnected, SessionState::Expired]).await;
    assert_eq!(state, SessionState::SyncConnected);
    assert_eq!(client.sync("/").await, Ok(()));
    // The client still has the id of the first session.
    assert_ne!(client.session_id().0, 0x666);
}

/// docs/upstream/unwatched-events.md
#[tokio::test]
async fn each_event_for_an_unwatched_path_is_answered_with_a_request() {
    const EVENTS: u64 = 10_000;
    let server = HostileServer::start();
    let client = connect(&server.connect_string()).await;
    server.send_events(3, "/never/watched", EVENTS);
    received(&server, operation::REMOVE_WATCHES, EVENTS).await;
    assert_ne!(client.sync("/").await, Err(Error::SessionExpired));
}

/// docs/upstream/reconnect-storm.md
#[tokio::test]
async fn a_connection_that_ends_is_opened_again_without_a_pause() {
    const HANDSHAKES: u64 = 200;
    let server = HostileServer::start();
    let client = connect(&server.connect_string()).await;
    // The client sends a ping as the last step of connecting.
    server.add(Rule::on(operation::PING, |_, reply| reply.then = Then::HalfClose));
    server.drop_connections();
    let start = Instant::now();
    received(&server, CONNECT, HANDSHAKES).await;
    assert!(start.elapsed() < Duration::from_secs(5), "a pause of more than 25 ms");
    // The client goes on after its handle was dropped.
    drop(client);
    received(&server, CONNECT, 3 * HANDSHAKES).await;
}
