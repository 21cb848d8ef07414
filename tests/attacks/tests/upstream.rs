//! Faults of the ZooKeeper crate that docs/upstream/ reports. Each test asserts the fault as it is
//! today: when one fails, a new version has mended it, and its page and what works around it may
//! go.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use ld_testkit::hostile::{
    CONNECT, Delivery, GET_CHILDREN2, ISRO, REMOVE_WATCHES, Rule, SET_WATCHES, Server,
};
use ld_testkit::hostile::{Then, another_session, data_length, flood, huge_count};
use ld_testkit::{Namespace, Proxy, SOON, operation};
use ld_zk::zookeeper::{AddWatchMode, Client, Error, EventType, SessionState, StateWatcher};
use tokio::time::timeout;

use crate::child::{self, End};

const TIMEOUT: Duration = Duration::from_secs(4);
/// What a child that is to run out of memory may have: threads reserve most of it.
const CHILD_MEMORY: u64 = 512 << 20;
/// More than that.
const FLOOD: u64 = 1 << 30;

async fn connect(hosts: &str) -> Client {
    Client::connector().with_session_timeout(TIMEOUT).connect(hosts).await.unwrap()
}

/// Waits until the session is in a state that `wanted` names.
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

/// Waits until the server has received `count` requests of an operation. The session's task goes on
/// meanwhile.
async fn received(server: &Server, operation: i32, count: u64) {
    let all = async {
        while server.requests_of(operation) < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, all).await.expect("the requests come");
}

/// docs/upstream/short-get-data.md
#[tokio::test]
async fn a_short_data_reply_panics() {
    let server = Server::start();
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
    let server = Server::start();
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
async fn a_short_stat_reply_says_that_there_is_no_node() {
    let server = Server::start();
    server.set("/a", b"");
    let client = connect(&server.connect_string()).await;
    assert!(client.check_stat("/a").await.unwrap().is_some());
    server.add(Rule::on(operation::EXISTS, |_, reply| reply.body.truncate(67)));
    assert_eq!(client.check_stat("/a").await, Ok(None));
}

/// docs/upstream/huge-count.md
#[test]
fn a_huge_count_of_children_aborts() {
    let server = Server::start();
    for operation in [operation::GET_CHILDREN, GET_CHILDREN2] {
        server.add(Rule::on(operation, huge_count));
    }
    for test in ["upstream::child_lists_children", "upstream::child_gets_children"] {
        assert_eq!(child::run(test, &server.connect_string(), CHILD_MEMORY), End::Aborted, "{test}");
    }
}

#[tokio::test]
async fn child_lists_children() {
    let Some(target) = child::target() else { return };
    // An error would be right.
    assert!(connect(&target).await.list_children("/").await.is_err());
}

#[tokio::test]
async fn child_gets_children() {
    let Some(target) = child::target() else { return };
    assert!(connect(&target).await.get_children("/").await.is_err());
}

/// docs/upstream/frame-limit.md
#[test]
fn a_frame_has_no_limit() {
    let server = Server::start();
    server.set("/a", b"");
    server.add(Rule::on(operation::GET_DATA, flood(i32::MAX, FLOOD)));
    assert_eq!(child::run("upstream::child_reads", &server.connect_string(), CHILD_MEMORY), End::Aborted);
}

#[tokio::test]
async fn child_reads() {
    let Some(target) = child::target() else { return };
    assert!(connect(&target).await.get_data("/a").await.is_err());
}

/// docs/upstream/endless-isro.md
#[test]
fn the_line_after_isro_has_no_limit() {
    let server = Server::start();
    // The last byte of a handshake says that the server is read-only.
    server.add(Rule::on(CONNECT, |_, reply| reply.body[36] = 1));
    server.add(Rule::on(ISRO, flood(i32::from_be_bytes(*b"rwrw"), FLOOD)));
    let end = child::run("upstream::child_stays_read_only", &server.connect_string(), CHILD_MEMORY);
    assert_eq!(end, End::Aborted);
}

#[tokio::test]
async fn child_stays_read_only() {
    let Some(target) = child::target() else { return };
    let client = Client::connector().with_session_timeout(TIMEOUT).with_readonly(true);
    let client = client.connect(&target).await.unwrap();
    // Meanwhile it looks for a server that is not read-only.
    let _ = timeout(SOON, async {
        loop {
            client.check_stat("/").await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// Sets watches on paths of `bytes` bytes, loses the connection, and says how that ends.
async fn resume_with_watches(bytes: usize) -> SessionState {
    const LENGTH: usize = 1000;
    let server = Server::start();
    // On a network the first reply comes after the second request has been sent.
    let slow = Delivery::Delayed(Duration::from_millis(100));
    server.add(Rule::on(SET_WATCHES, move |_, reply| reply.delivery = slow));
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
    // The state is told before the second reply.
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
    // Another node's event, which comes later.
    let other = test.path("/b");
    let (_, one_shot) = client.check_and_watch_stat(&other).await.unwrap();
    test.admin().set(&path, "2").unwrap();
    test.admin().create(&other, "").unwrap();
    timeout(SOON, one_shot.changed()).await.unwrap();
    assert_eq!(persistent.changed().now_or_never(), None);
}

/// docs/upstream/another-session.md
#[tokio::test]
async fn another_session_at_a_resume_is_not_told() {
    let server = Server::start();
    let client = connect(&server.connect_string()).await;
    let mut states = client.state_watcher();
    server.add(Rule::on(CONNECT, another_session(0x666)));
    server.drop_connections();
    received(&server, CONNECT, 2).await;
    let state = reach(&mut states, &[SessionState::SyncConnected, SessionState::Expired]).await;
    assert_eq!(state, SessionState::SyncConnected);
    assert_eq!(client.sync("/").await, Ok(()));
    // It gives the id of the first session still.
    assert_ne!(client.session_id().0, 0x666);
}

/// docs/upstream/unwatched-events.md
#[tokio::test]
async fn each_event_for_an_unwatched_path_is_answered_with_a_request() {
    const EVENTS: u64 = 10_000;
    let server = Server::start();
    let client = connect(&server.connect_string()).await;
    server.send_events(3, "/never/watched", EVENTS);
    received(&server, REMOVE_WATCHES, EVENTS).await;
    assert_ne!(client.sync("/").await, Err(Error::SessionExpired));
}

/// docs/upstream/reconnect-storm.md
#[tokio::test]
async fn a_connection_that_ends_is_opened_again_without_a_pause() {
    const HANDSHAKES: u64 = 200;
    let server = Server::start();
    let client = connect(&server.connect_string()).await;
    // The client sends a ping as the last step of connecting.
    server.add(Rule::on(operation::PING, |_, reply| reply.then = Then::HalfClose));
    server.drop_connections();
    let start = Instant::now();
    received(&server, CONNECT, HANDSHAKES).await;
    assert!(start.elapsed() < Duration::from_secs(5), "a pause of more than 25 ms");
    // It goes on without a handle.
    drop(client);
    received(&server, CONNECT, 3 * HANDSHAKES).await;
}
