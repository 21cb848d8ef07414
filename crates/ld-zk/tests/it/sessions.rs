//! Lost connections, silent servers, ended sessions.

use std::error::Error as _;
use std::time::{Duration, Instant};

use ld_config::{Host, SecretsConfig};
use ld_testkit::{Proxy, ProxyMode, Server, ServerOptions, Session, operation, wait_until};
use ld_zk::{Client, Error, Options, SessionState};

use crate::kit::{
    Followed, LIMIT, client, config, first_failure, follow, next, open, proxied, text, until, until_content,
    until_state, within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_followed_through_change_deletion_and_creation() {
    let (namespace, proxy) = proxied();
    let (admin, path) = (namespace.admin(), namespace.path("/node"));
    let mut watch = client(proxy.address()).watch(&path).unwrap();
    assert_eq!(text(&next(&mut watch).await), "<absent>");
    admin.create(&path, "one").unwrap();
    assert_eq!(text(&next(&mut watch).await), "one");
    admin.set(&path, "two").unwrap();
    assert_eq!(text(&next(&mut watch).await), "two");
    admin.delete(&path).unwrap();
    assert_eq!(text(&next(&mut watch).await), "<deleted>");
    admin.create(&path, "three").unwrap();
    assert_eq!(text(&next(&mut watch).await), "three");
    admin.delete(&path).unwrap();
    admin.create_null(&path).unwrap();
    until_content(&mut watch, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_while_nothing_changes() {
    let Followed { proxy, mut watch, client: _client, .. } = follow(client).await;
    let before = proxy.counts().requests;
    assert!(tokio::time::timeout(Duration::from_millis(500), watch.changed()).await.is_err());
    assert_eq!(proxy.counts().requests, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_during_a_lost_connection_is_seen_in_the_session() {
    let Followed { namespace, proxy, path, mut watch, reading: first, .. } = follow(client).await;
    proxy.set_mode(ProxyMode::Refuse);
    namespace.admin().set(&path, "two").unwrap();
    proxy.set_mode(ProxyMode::Pass);
    let second = until_content(&mut watch, "two").await;
    assert_eq!(first.session, second.session);
    assert_eq!(proxy.sessions().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_closed_from_outside_is_replaced() {
    let (namespace, proxy) = proxied();
    let paths = [namespace.path("/a"), namespace.path("/b")];
    let client = client(proxy.address());
    let mut watches = Vec::new();
    for path in &paths {
        namespace.admin().create(path, "one").unwrap();
        let mut watch = client.watch(path).unwrap();
        let reading = next(&mut watch).await;
        assert!(client.confirm(LIMIT).await.covers(reading.session));
        watches.push((watch, reading.session));
    }
    let syncs = proxy.requests_of(operation::SYNC);
    Session::expire(&proxy, namespace.server().address(), || {});
    for (watch, old) in &mut watches {
        let reading = until("a new session", watch, |reading| reading.session != *old).await;
        assert_eq!(text(&reading), "one");
        assert!(client.confirm(LIMIT).await.covers(reading.session));
    }
    assert!(proxy.requests_of(operation::SYNC) > syncs, "a new session syncs before it reads");
    assert_eq!(proxy.sessions().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_noticed_and_a_healed_one_followed_again() {
    let Followed { namespace, proxy, path, client, mut watch, .. } = follow(client).await;
    proxy.set_mode(ProxyMode::Blackhole);
    until_state(&client, SessionState::Suspended).await;
    assert!(client.connection_error().is_some());
    namespace.admin().set(&path, "two").unwrap();
    until_state(&client, SessionState::Connecting).await;
    proxy.set_mode(ProxyMode::Pass);
    until_content(&mut watch, "two").await;
    until_state(&client, SessionState::Connected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_five_seconds_lives_with_a_round_trip_of_two() {
    let open = |address| {
        open(&{
            let mut zookeeper = config(address);
            zookeeper.timeout = Duration::from_secs(5);
            zookeeper
        })
    };
    let Followed { namespace, proxy, path, mut watch, client: _client, .. } = follow(open).await;
    let delay = Duration::from_secs(1);
    proxy.set_mode(ProxyMode::Delay { to_server: delay, to_client: delay });
    // Idle, when a ping's answer is all that is heard of the server. The sudden change may cost one
    // connection.
    let pings = |count: u64| {
        let before = proxy.counts().pings;
        tokio::task::block_in_place(|| wait_until("pings", LIMIT, || proxy.counts().pings >= before + count));
    };
    pings(3);
    let connections = proxy.counts().connections;
    pings(3);
    for round in 0..2 {
        let content = format!("round {round}");
        namespace.admin().set(&path, &content).unwrap();
        until_content(&mut watch, &content).await;
    }
    assert_eq!(proxy.counts().connections, connections, "no reconnect");
    assert_eq!(proxy.sessions().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_server_is_found_and_refusals_are_not_hammered() {
    let server = Server::prepare(ServerOptions::default());
    let proxy = Proxy::start(server.address());
    let client = client(proxy.address());
    let mut watch = client.watch("/node").unwrap();
    let start = Instant::now();
    first_failure(&client).await;
    tokio::task::block_in_place(|| {
        wait_until("some more tries", LIMIT, || proxy.accepted_at().len() >= 6);
    });
    let tries = proxy.accepted_at().len();
    assert!(tries < 40 + 10 * start.elapsed().as_secs() as usize, "{tries} tries in {:?}", start.elapsed());
    server.restart();
    server.admin().create("/node", "one").unwrap();
    until_content(&mut watch, "one").await;
    assert!(client.state().last_error().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ensemble_restored_from_an_older_backup_is_followed() {
    let old = Server::start();
    let new = Server::start();
    for _ in 0..50 {
        old.admin().create("/node", "future").unwrap();
        old.admin().delete("/node").unwrap();
    }
    old.admin().create("/node", "future").unwrap();
    new.admin().create("/node", "past").unwrap();
    let proxy = Proxy::start(old.address());
    let mut watch = client(proxy.address()).watch("/node").unwrap();
    let future = until_content(&mut watch, "future").await;
    proxy.set_target(new.address());
    proxy.reset_connections();
    let past = until_content(&mut watch, "past").await;
    assert_ne!(future.session, past.session);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_address_is_tried_and_a_dead_one_starves_none() {
    let (namespace, dead) = proxied();
    dead.set_mode(ProxyMode::Blackhole);
    let path = namespace.path("/node");
    namespace.admin().create(&path, "one").unwrap();
    let mut config = config(dead.address());
    // One name that does not exist and one dead server beside the good one.
    config.hosts.push(Host { name: "no-such-host.invalid".to_owned(), port: 2181 });
    let good = namespace.server().address();
    config.hosts.push(Host { name: "localhost".to_owned(), port: good.port() });
    for _ in 0..3 {
        let mut watch = open(&config).watch(&path).unwrap();
        assert_eq!(text(&next(&mut watch).await), "one");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_for_a_session_ends_with_hosts_and_cause() {
    let (_namespace, proxy) = proxied();
    proxy.set_mode(ProxyMode::Refuse);
    let mut options = Options::default();
    options.session_wait = Duration::from_secs(1);
    let client = Client::new(&config(proxy.address()), &SecretsConfig::default(), options).unwrap();
    let error = within("the error", client.session()).await.unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error:?}");
    assert!(error.to_string().contains(&proxy.connect_string()), "{error}");
    let cause = error.source().expect("the cause is kept");
    assert!(cause.to_string().contains("127.0.0.1"), "{cause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plain_client_of_the_session_does_everything_else() {
    let (namespace, proxy) = proxied();
    let config = {
        let mut zookeeper = config(proxy.address());
        zookeeper.chroot = namespace.chroot().to_owned();
        zookeeper
    };
    let client = open(&config);
    let plain = within("a session", client.session()).await.unwrap();
    let options = ld_zk::zookeeper::CreateMode::Persistent.with_acls(ld_zk::zookeeper::Acls::anyone_all());
    plain.create("/made", b"here", &options).await.unwrap();
    assert_eq!(namespace.admin().get(&namespace.path("/made")).unwrap().0, b"here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confirming_covers_live_sessions_and_delivers_changes() {
    let Followed { namespace, proxy, path, client, mut watch, reading } = follow(client).await;
    let confirmed = client.confirm(LIMIT).await;
    assert!(confirmed.covers(reading.session));

    namespace.admin().set(&path, "two").unwrap();
    assert!(client.confirm(LIMIT).await.covers(reading.session));
    let ready = tokio::time::timeout(Duration::ZERO, watch.changed()).await;
    assert!(ready.is_ok(), "the change was made before the confirmation, so its watch has fired");

    proxy.set_mode(ProxyMode::Blackhole);
    let confirmed = client.confirm(Duration::from_millis(200)).await;
    assert!(!confirmed.covers(reading.session), "a silent server confirms nothing");
}
