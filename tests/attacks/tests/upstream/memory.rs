//! Replies that make the ZooKeeper crate allocate without a limit, so that the process aborts.

use std::time::Duration;

use ld_testkit::hostile::{CONNECT, HostileServer, ISRO, Rule, flood, huge_count};
use ld_testkit::{SOON, operation};
use ld_zk::zookeeper::Client;
use tokio::time::timeout;

use super::{TIMEOUT, connect};
use crate::child::{self, End};

/// Address space of a child that runs out of memory; its threads reserve most of it.
const CHILD_MEMORY: u64 = 512 << 20;
/// More than [`CHILD_MEMORY`].
const FLOOD: u64 = 1 << 30;

/// docs/upstream/huge-count.md
#[test]
fn a_huge_count_of_children_aborts() {
    let server = HostileServer::start();
    for operation in [operation::GET_CHILDREN, operation::GET_CHILDREN2] {
        server.add(Rule::on(operation, huge_count));
    }
    for test in ["upstream::memory::child_lists_children", "upstream::memory::child_gets_children"] {
        assert_eq!(child::run(test, &server.connect_string(), CHILD_MEMORY), End::Aborted, "{test}");
    }
}

#[tokio::test]
async fn child_lists_children() {
    let Some(target) = child::target() else { return };
    // A correct client returns an error.
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
    let server = HostileServer::start();
    server.set("/a", b"");
    server.add(Rule::on(operation::GET_DATA, flood(i32::MAX, FLOOD)));
    assert_eq!(
        child::run("upstream::memory::child_reads", &server.connect_string(), CHILD_MEMORY),
        End::Aborted
    );
}

#[tokio::test]
async fn child_reads() {
    let Some(target) = child::target() else { return };
    assert!(connect(&target).await.get_data("/a").await.is_err());
}

/// docs/upstream/endless-isro.md
#[test]
fn the_line_after_isro_has_no_limit() {
    let server = HostileServer::start();
    // The last byte of a handshake: the server is read-only.
    server.add(Rule::on(CONNECT, |_, reply| reply.body[36] = 1));
    server.add(Rule::on(ISRO, flood(i32::from_be_bytes(*b"rwrw"), FLOOD)));
    let end = child::run("upstream::memory::child_stays_read_only", &server.connect_string(), CHILD_MEMORY);
    assert_eq!(end, End::Aborted);
}

#[tokio::test]
async fn child_stays_read_only() {
    let Some(target) = child::target() else { return };
    let client = Client::connector().with_session_timeout(TIMEOUT).with_readonly(true);
    let client = client.connect(&target).await.unwrap();
    // The client searches for a server that is not read-only meanwhile.
    let _ = timeout(SOON, async {
        loop {
            client.check_stat("/").await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}
