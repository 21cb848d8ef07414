//! What is counted of a session.

use std::time::Duration;

use ld_testkit::{ProxyMode, Session};
use ld_zk::ConnectFailure;

use crate::kit::{Followed, LIMIT, client, first_failure, follow, until, until_content};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connects_expiries_failures_and_round_trips_are_counted() {
    let Followed { namespace, proxy, path, client, mut watch, reading: first, .. } = follow(client).await;
    let counted = || client.state().sessions[0].clone();
    assert_eq!((counted().connects, counted().reconnects(), counted().round_trip), (1, 0, None));
    assert!(client.confirm(LIMIT).await.covers(first.session));
    assert!(counted().round_trip.is_some_and(|round_trip| round_trip > Duration::ZERO));

    proxy.reset_connections();
    namespace.admin().set(&path, "two").unwrap();
    let resumed = until_content(&mut watch, "two").await;
    assert_eq!(resumed.session, first.session);
    assert_eq!((counted().reconnects(), counted().expiries), (1, 0));

    Session::expire(&proxy, namespace.server().address(), || {});
    until("a new session", &mut watch, |reading| reading.session != first.session).await;
    assert_eq!((counted().connects, counted().reconnects(), counted().expiries), (3, 2, 1));
    assert!(counted().failures.is_empty(), "{:?}", counted().failures);

    proxy.set_mode(ProxyMode::Refuse);
    let refused = crate::kit::client(proxy.address());
    first_failure(&refused).await;
    let failures = &refused.state().sessions[0].failures;
    assert!(failures[&ConnectFailure::NoServer] > 0, "{failures:?}");
}
