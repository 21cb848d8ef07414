//! The end of a client.

use std::time::{Duration, Instant};

use ld_testkit::{ProxyMode, wait_until};
use ld_zk::{Error, SessionState};

use crate::kit::{Followed, LIMIT, client, follow, next, proxied, text, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_the_sessions_and_all_waits() {
    let Followed { namespace, proxy, client, mut watch, .. } = follow(client).await;
    let start = Instant::now();
    client.close(LIMIT).await;
    assert!(start.elapsed() < LIMIT / 2, "{:?}", start.elapsed());
    assert!(text(&next(&mut watch).await).contains("Closed"));
    assert!(matches!(client.session().await, Err(Error::Closed)));
    assert_eq!(client.state().overall(), SessionState::Closed);
    let session = proxy.last_session();
    assert!(session.close(namespace.server().address()).is_err(), "the server has forgotten the session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_is_bounded_while_the_server_is_silent() {
    let (_namespace, proxy) = proxied();
    let client = client(proxy.address());
    within("a session", client.session()).await.unwrap();
    proxy.set_mode(ProxyMode::Blackhole);
    let start = Instant::now();
    client.close(Duration::from_millis(200)).await;
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_last_handle_closes_the_session() {
    let (_namespace, proxy) = proxied();
    let client = client(proxy.address());
    let watch = client.watch("/node").unwrap();
    within("a session", client.session()).await.unwrap();
    drop(client);
    drop(watch);
    tokio::task::block_in_place(|| {
        wait_until("no connection", LIMIT, || proxy.open_connections() == 0);
    });
}
