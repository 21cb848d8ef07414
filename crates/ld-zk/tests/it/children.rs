//! Which children a node has, across changes and sessions.

use ld_testkit::Session;
use ld_zk::{ChildrenReading, ChildrenState, ChildrenWatch, Error, Unreadable};

use crate::kit::{client, proxied, within};

/// The names, or in brackets what there is instead.
fn names(reading: &ChildrenReading) -> String {
    match &reading.state {
        ChildrenState::Present { children, .. } => children.join(","),
        ChildrenState::Absent => "<absent>".to_owned(),
        ChildrenState::Unreadable(Unreadable::NoAuth) => "<no auth>".to_owned(),
        ChildrenState::Unreadable(Unreadable::Other(error)) => format!("<{error}>"),
        other => format!("<{other:?}>"),
    }
}

async fn until(watch: &mut ChildrenWatch, expected: &str) {
    within(expected, async {
        loop {
            watch.changed().await;
            if names(&watch.read().await) == expected {
                return;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_are_seen_to_come_and_go() {
    let (namespace, proxy) = proxied();
    let (admin, parent) = (namespace.admin(), namespace.path("/parent"));
    let client = client(proxy.address());
    let mut watch = client.watch_children(&parent).unwrap();
    until(&mut watch, "<absent>").await;
    admin.create(&parent, "").unwrap();
    until(&mut watch, "").await;
    for name in ["b", "a"] {
        admin.create(&format!("{parent}/{name}"), "").unwrap();
    }
    until(&mut watch, "a,b").await;
    admin.delete(&format!("{parent}/a")).unwrap();
    until(&mut watch, "b").await;
    admin.delete(&format!("{parent}/b")).unwrap();
    admin.delete(&parent).unwrap();
    until(&mut watch, "<absent>").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_are_followed_into_a_new_session() {
    let (namespace, proxy) = proxied();
    let (admin, parent) = (namespace.admin(), namespace.path("/parent"));
    admin.create(&parent, "").unwrap();
    let client = client(proxy.address());
    let mut watch = client.watch_children(&parent).unwrap();
    until(&mut watch, "").await;
    Session::expire(&proxy, namespace.server().address(), || {
        admin.create(&format!("{parent}/while-away"), "").unwrap();
    });
    until(&mut watch, "while-away").await;
    assert!(proxy.sessions().len() >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_client_is_told_once() {
    let (namespace, proxy) = proxied();
    namespace.admin().create(&namespace.path("/parent"), "").unwrap();
    let client = client(proxy.address());
    let mut watch = client.watch_children(&namespace.path("/parent")).unwrap();
    until(&mut watch, "").await;
    client.close(std::time::Duration::from_secs(5)).await;
    within("the end", watch.changed()).await;
    let last = watch.read().await;
    assert!(last.is_closed() && names(&last).contains("closed"));
    let again = tokio::time::timeout(std::time::Duration::from_millis(100), watch.changed()).await;
    assert!(again.is_err(), "it is told again and again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_path_is_an_error_at_once() {
    let (_namespace, proxy) = proxied();
    let client = client(proxy.address());
    for watched in [client.watch("/a/../b").map(drop), client.watch_children("/a/../b").map(drop)] {
        let error = watched.unwrap_err();
        assert!(matches!(error, Error::InvalidPath(_)) && error.to_string().contains("/a/../b"), "{error}");
    }
}
