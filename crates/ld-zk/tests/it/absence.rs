//! When a missing node is believed to be missing.

use ld_config::ZooKeeperConfig;
use ld_testkit::{Namespace, Proxy, Server};

use crate::kit::{config, next, open, text, until, until_content};

fn chrooted(server: &Server, chroot: &str) -> ZooKeeperConfig {
    {
        let mut zookeeper = config(server.address());
        zookeeper.chroot = chroot.to_owned();
        zookeeper
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_node_below_an_existing_chroot_is_missing() {
    let namespace = Namespace::new();
    let mut watch = open(&chrooted(namespace.server(), namespace.chroot())).watch("/node").unwrap();
    assert_eq!(text(&next(&mut watch).await), "<absent>");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn below_a_missing_chroot_nothing_is_believed_until_it_appears() {
    let namespace = Namespace::new();
    let chroot = namespace.path("/prod");
    let client = open(&chrooted(namespace.server(), &chroot));
    let mut watch = client.watch("/node").unwrap();
    let mut other = client.watch("/other").unwrap();
    let expected = format!("<unconfirmed: the chroot {chroot} does not exist in this ensemble>");
    assert_eq!(text(&next(&mut watch).await), expected);
    assert_eq!(text(&next(&mut other).await), expected);
    namespace.admin().create(&chroot, "").unwrap();
    until_content(&mut other, "<absent>").await;
    namespace.admin().create(&format!("{chroot}/node"), "one").unwrap();
    until_content(&mut watch, "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_ensemble_is_not_believed_until_it_holds_something() {
    let server = Server::start();
    let mut watch = open(&config(server.address())).watch("/live/node").unwrap();
    assert_eq!(text(&next(&mut watch).await), "<unconfirmed: this ensemble holds no data at all>");
    server.admin().create("/else", "").unwrap();
    until_content(&mut watch, "<absent>").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_ensemble_does_not_delete() {
    let (full, empty) = (Server::start(), Server::start());
    full.admin().create_all("/prod/node", "one").unwrap();
    let proxy = Proxy::start(full.address());
    let config = {
        let mut zookeeper = config(proxy.address());
        zookeeper.chroot = "/prod".to_owned();
        zookeeper
    };
    let mut watch = open(&config).watch("/node").unwrap();
    assert_eq!(text(&next(&mut watch).await), "one");
    proxy.set_target(empty.address());
    proxy.reset_connections();
    let reading = until("the other ensemble", &mut watch, |reading| text(reading) != "one").await;
    assert_eq!(text(&reading), "<unconfirmed: the chroot /prod does not exist in this ensemble>");
    empty.admin().create_all("/prod/node", "two").unwrap();
    until_content(&mut watch, "two").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_seen_in_the_session_is_believed() {
    let namespace = Namespace::new();
    let chroot = namespace.path("/prod");
    namespace.admin().create(&chroot, "").unwrap();
    namespace.admin().create(&format!("{chroot}/node"), "one").unwrap();
    let mut watch = open(&chrooted(namespace.server(), &chroot)).watch("/node").unwrap();
    assert_eq!(text(&next(&mut watch).await), "one");
    namespace.admin().delete_all(&chroot).unwrap();
    until_content(&mut watch, "<deleted>").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chroot_itself_can_be_watched() {
    let namespace = Namespace::new();
    let mut watch = open(&chrooted(namespace.server(), namespace.chroot())).watch("/").unwrap();
    assert_eq!(text(&next(&mut watch).await), "");
    namespace.admin().set(namespace.chroot(), "root").unwrap();
    until_content(&mut watch, "root").await;
}
