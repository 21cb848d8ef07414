//! Answers that are lost: what is said about a group and its history is true.

use std::future::pending;
use std::time::Duration;

use ld_publish::{Error, NodeNow, Publication, Published, plan};
use ld_testkit::{Proxy, ProxyMode, operation, wait_until};
use tokio::task::JoinHandle;

use crate::kit::{LIMIT, MAX_NODE_BYTES, Rig, client, note, within};

/// A publication of `/a` and `/b` on its way through a proxy.
struct Sent {
    proxy: Proxy,
    task: JoinHandle<Result<Vec<Published>, Error>>,
}

impl Sent {
    /// Publishes while the proxy is in this mode, and waits until the proxy has the transaction.
    async fn start(rig: &Rig, mode: ProxyMode) -> Self {
        let proxy = Proxy::start(rig.zookeeper.server().address());
        let client = client(proxy.address(), rig.zookeeper.chroot());
        let mut plans = Vec::new();
        for path in ["/a", "/b"] {
            plans.push(plan(&client, path, b"ours".to_vec(), MAX_NODE_BYTES).await.unwrap());
        }
        let publication = Publication::of_changes(plans).unwrap();
        // All but the transaction is answered: the contents are there already.
        let history = rig.history.clone();
        let held = proxy.requests_of(operation::MULTI);
        assert_eq!(held, 0);
        proxy.set_mode(mode);
        let task = tokio::spawn(async move {
            match history.is_kept() {
                true => history.commit(&publication, &note("ours"), pending()).await,
                false => publication.commit(pending()).await,
            }
        });
        Self { proxy, task }
    }

    async fn wait_for_the_transaction(&self) {
        let limit = LIMIT;
        tokio::task::block_in_place(|| {
            wait_until("the transaction", limit, || self.proxy.requests_of(operation::MULTI) == 1);
        });
    }

    /// Ends the connection, heals, and waits for the result.
    async fn end(self) -> Result<Vec<Published>, Error> {
        self.proxy.reset_connections();
        self.proxy.set_mode(ProxyMode::Pass);
        within("the result", self.task).await.unwrap()
    }
}

fn version(rig: &Rig, path: &str) -> i32 {
    rig.admin().exists(&rig.full(path)).unwrap().unwrap().version
}

fn wait_for_version(rig: &Rig, version: i32) {
    tokio::task::block_in_place(|| {
        wait_until("the write", LIMIT, || self::version(rig, "/b") == version);
    });
}

/// Delays what the client sends.
fn hold() -> ProxyMode {
    ProxyMode::Delay { to_server: Duration::from_secs(3_600), to_client: Duration::ZERO }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_with_a_lost_answer_is_found_written() {
    let rig = Rig::new(0, &["/a", "/b"]).await;
    let sent = Sent::start(&rig, ProxyMode::OnlyToServer).await;
    wait_for_version(&rig, 1);
    let published = sent.end().await.unwrap();
    let stat = rig.admin().exists(&rig.full("/a")).unwrap().unwrap();
    assert_eq!((published[1].mzxid, published[1].version), (stat.mzxid, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_lost_on_its_way_is_not_written() {
    let rig = Rig::new(0, &["/a", "/b"]).await;
    let sent = Sent::start(&rig, hold()).await;
    sent.wait_for_the_transaction().await;
    let error = sent.end().await.unwrap_err();
    assert!(matches!(error, Error::NotWritten { .. }), "{error}");
    assert_eq!((version(&rig, "/a"), version(&rig, "/b")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_by_another_client_is_no_proof() {
    let rig = Rig::new(0, &["/a", "/b"]).await;
    let sent = Sent::start(&rig, hold()).await;
    sent.wait_for_the_transaction().await;
    rig.set("/a", "ours");
    let error = sent.end().await.unwrap_err();
    assert!(matches!(error, Error::ChangedMeanwhile), "{error}");
    assert_eq!((rig.content("/b"), version(&rig, "/b")), ("old".to_owned(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_write_in_place_of_a_lost_group_is_said() {
    let rig = Rig::new(0, &["/a", "/b"]).await;
    let sent = Sent::start(&rig, hold()).await;
    sent.wait_for_the_transaction().await;
    rig.set("/b", "theirs");
    let error = sent.end().await.unwrap_err();
    assert!(matches!(error, Error::ChangedMeanwhile), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_without_the_entry_is_no_proof() {
    let rig = Rig::new(20, &["/b"]).await;
    rig.publish(&[("/b", b"ours")], "before").await.unwrap();
    rig.publish(&[("/b", b"then")], "before").await.unwrap();
    let proxy = Proxy::start(rig.zookeeper.server().address());
    let client = client(proxy.address(), rig.zookeeper.chroot());
    let plan = plan(&client, "/b", b"ours".to_vec(), MAX_NODE_BYTES).await.unwrap();
    let (history, before) = (rig.history.clone(), version(&rig, "/b"));
    // The content is stored already, and compared: that is the last answer before the transaction.
    proxy.set_mode(ProxyMode::Delay { to_server: Duration::ZERO, to_client: Duration::from_millis(500) });
    let reads = proxy.requests_of(operation::GET_DATA);
    let task = tokio::spawn(async move { history.commit(&plan.into(), &note("ours"), pending()).await });
    tokio::task::block_in_place(|| {
        wait_until("the read", LIMIT, || proxy.requests_of(operation::GET_DATA) > reads);
        proxy.set_mode(hold());
        wait_until("the transaction", LIMIT, || proxy.requests_of(operation::MULTI) == 1);
    });
    rig.set("/b", "ours");
    assert_eq!(version(&rig, "/b"), before + 1);
    proxy.reset_connections();
    proxy.set_mode(ProxyMode::Pass);
    let error = within("the result", task).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error}");
    assert!(matches!(rig.log("/b").await.now, NodeNow::Unrecorded(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_group_is_found_after_a_later_change() {
    let rig = Rig::new(20, &["/a", "/b"]).await;
    // Both contents, and what was there, are stored already: only the transaction is written.
    rig.publish(&[("/a", b"ours"), ("/b", b"ours")], "before").await.unwrap();
    rig.publish(&[("/a", b"then"), ("/b", b"then")], "before").await.unwrap();
    let proxy = Proxy::start(rig.zookeeper.server().address());
    let client = client(proxy.address(), rig.zookeeper.chroot());
    let mut plans = Vec::new();
    for path in ["/a", "/b"] {
        plans.push(plan(&client, path, b"ours".to_vec(), MAX_NODE_BYTES).await.unwrap());
    }
    let publication = Publication::of_changes(plans).unwrap();
    let (history, before) = (rig.history.clone(), version(&rig, "/b"));
    // The answer is delayed for longer than the next steps take.
    proxy.set_mode(ProxyMode::Delay { to_server: Duration::ZERO, to_client: Duration::from_millis(300) });
    let task = tokio::spawn(async move { history.commit(&publication, &note("ours"), pending()).await });
    wait_for_version(&rig, before + 1);
    proxy.set_mode(ProxyMode::OnlyToServer);
    let written = rig.admin().exists(&rig.full("/b")).unwrap().unwrap().mzxid;
    rig.set("/a", "later");
    proxy.reset_connections();
    proxy.set_mode(ProxyMode::Pass);
    let published = within("the result", task).await.unwrap().unwrap();
    assert_eq!(published[0].mzxid, written);
    assert_eq!(rig.lines("/b").await.len(), 4);
    assert_eq!(rig.log("/a").await.entries.last().unwrap().message, "ours");
}
