//! One node of a real server, followed through a proxy.

use std::time::Duration;

use ld_testkit::{Namespace, Proxy, SOON, Session};
use tokio::sync::mpsc;
use tokio::time::timeout;
use zk_follow::{Content, connect, follow};

#[tokio::test]
async fn a_node_is_followed_across_an_expired_session() {
    let test = Namespace::new();
    let server = test.server().address();
    let proxy = Proxy::start(server);
    let client = connect(&format!("{}{}", proxy.connect_string(), test.chroot())).unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let watch = client.watch("/flags").unwrap();
    let following = tokio::spawn(follow(watch, move |content, session| {
        let _ = tell.send((content, session));
    }));
    let mut next = async || timeout(SOON, told.recv()).await.expect("what the node holds").unwrap();
    let path = test.path("/flags");
    let (content, first_session) = next().await;
    assert_eq!(content, Content::Missing);
    test.admin().create(&path, "one").unwrap();
    assert_eq!(next().await, (Content::Bytes(b"one".to_vec()), first_session));

    let expired = Session::expire(&proxy, server, || {
        test.admin().set(&path, "two").unwrap();
    });
    let (content, session) = next().await;
    assert_eq!(content, Content::Bytes(b"two".to_vec()));
    assert_ne!(session, first_session);
    assert_ne!(proxy.last_session().id, expired.id);
    test.admin().set(&path, "three").unwrap();
    assert_eq!(next().await, (Content::Bytes(b"three".to_vec()), session));

    client.close(Duration::from_secs(5)).await;
    timeout(SOON, following).await.expect("it ends with the client").unwrap();
}
