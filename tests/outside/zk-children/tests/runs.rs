//! The register on a real server.

use std::time::Duration;

use ld_testkit::{Error, Namespace, SOON};
use tokio::sync::mpsc;
use tokio::time::timeout;
use zk_children::{connect, create, follow};

#[tokio::test]
async fn workers_come_and_go_where_only_the_user_may_write() {
    let test = Namespace::new();
    let client = connect(&test.connect_string()).unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let watch = client.watch_children("/workers").unwrap();
    let following = tokio::spawn(follow(watch, move |workers| tell.send(workers.to_vec()).is_ok()));
    let mut next = async || timeout(SOON, told.recv()).await.expect("a list of workers").unwrap();
    assert_eq!(next().await, [""; 0]);

    create(&client, "/workers", "app:secret").await.unwrap();
    create(&client, "/workers", "app:secret").await.unwrap();
    let path = test.path("/workers/one");
    assert!(matches!(test.admin().create(&path, ""), Err(Error::NoAuth { .. })));
    let user = test.server().admin().with_digest("app:secret");
    user.create(&path, "").unwrap();
    assert_eq!(next().await, ["one"]);
    user.delete(&path).unwrap();
    assert_eq!(next().await, [""; 0]);

    client.close(Duration::from_secs(5)).await;
    timeout(SOON, following).await.expect("it ends with the client").unwrap();
}
