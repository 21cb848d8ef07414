//! Several servers: cut off from their quorum, restarted one by one, unroutable.

use std::time::Duration;

use ld_config::{Host, SecretsConfig, ZooKeeperConfig};
use ld_testkit::{Ensemble, Namespace, Server, ServerOptions, Unroutable};
use ld_zk::{Client, Options, SessionState};

use crate::kit::{LIMIT, config, next, open, text, until, until_content, until_state};

fn ensemble_config<'a>(servers: impl IntoIterator<Item = &'a Server>) -> ZooKeeperConfig {
    let host =
        |server: &Server| Host { name: server.address().ip().to_string(), port: server.address().port() };
    let hosts = servers.into_iter().map(host).collect();
    {
        let mut zookeeper = ZooKeeperConfig::default();
        zookeeper.hosts = hosts;
        zookeeper.timeout = Duration::from_secs(4);
        zookeeper
    }
}

/// A server without a quorum opens sessions only when they may be local to it.
fn read_only_mode() -> ServerOptions {
    let local = ["localSessionsEnabled=true", "localSessionsUpgradingEnabled=true"];
    ServerOptions {
        read_only_mode: true,
        extra_config: local.map(str::to_owned).to_vec(),
        ..ServerOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_server_is_read_but_not_believed() {
    let ensemble = Ensemble::start_with(read_only_mode());
    let admin = ensemble.leader().admin();
    admin.create("/node", "one").unwrap();
    let config = ensemble_config(ensemble.servers());
    let mut options = Options::default();
    options.read_only = true;
    let client = Client::new(&config, &SecretsConfig::default(), options).unwrap();
    let (mut node, mut missing) = (client.watch("/node").unwrap(), client.watch("/missing").unwrap());
    let first = next(&mut node).await;
    assert!(!first.read_only, "a server with a quorum is preferred");
    assert_eq!(text(&next(&mut missing).await), "<absent>");

    tokio::task::block_in_place(|| ensemble.lose_quorum());
    until_state(&client, SessionState::ReadOnly).await;
    let cut_off = until("a read-only reading", &mut node, |reading| reading.read_only).await;
    assert_eq!(text(&cut_off), "one");
    assert!(!client.confirm(LIMIT).await.covers(cut_off.session));
    let reading = until("a read-only reading", &mut missing, |reading| reading.read_only).await;
    assert_eq!(text(&reading), "<unconfirmed: a read-only server says so>");

    tokio::task::block_in_place(|| ensemble.start_missing());
    ensemble.leader().admin().set("/node", "two").unwrap();
    let healed = until_content(&mut node, "two").await;
    assert!(!healed.read_only && healed.session != cut_off.session);
    until_content(&mut missing, "<absent>").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_option_a_read_only_server_will_not_do() {
    let ensemble = Ensemble::start_with(read_only_mode());
    let alone = tokio::task::block_in_place(|| ensemble.lose_quorum());
    let mut options = Options::default();
    options.session_wait = Duration::from_secs(8);
    let client = Client::new(&ensemble_config([alone]), &SecretsConfig::default(), options).unwrap();
    assert!(client.session().await.is_err());
    assert_eq!(client.state().overall(), SessionState::Connecting);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_no_change() {
    let ensemble = Ensemble::start();
    ensemble.leader().admin().create("/node", "0").unwrap();
    let mut watch = open(&ensemble_config(ensemble.servers())).watch("/node").unwrap();
    next(&mut watch).await;
    tokio::task::block_in_place(|| ensemble.rolling_restart());
    ensemble.leader().admin().set("/node", "1").unwrap();
    until_content(&mut watch, "1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unroutable_addresses_do_not_starve_the_one_that_works() {
    let namespace = Namespace::new();
    let path = namespace.path("/node");
    namespace.admin().create(&path, "one").unwrap();
    let dead: Vec<Unroutable> = (0..20).map(|_| Unroutable::start()).collect();
    let mut config = config(namespace.server().address());
    for address in dead.iter().map(Unroutable::address) {
        config.hosts.insert(0, Host { name: address.ip().to_string(), port: address.port() });
    }
    let mut watch = open(&config).watch(&path).unwrap();
    // Tried one after the other they would take 2.4 s each.
    let reading = tokio::time::timeout(Duration::from_secs(30), next(&mut watch)).await.expect("starved");
    assert_eq!(text(&reading), "one");
}
