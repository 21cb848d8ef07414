//! Several nodes in one transaction: which part is refused, and why.

use std::future::pending;

use ld_publish::{Error, Operation, Plan, Publication, plan};
use ld_testkit::Acl;

use crate::kit::{MAX_NODE_BYTES, Rig};

async fn plans(rig: &Rig) -> Vec<Plan> {
    let mut plans = Vec::new();
    for path in ["/a", "/b", "/c"] {
        plans.push(plan(&rig.client, path, b"new".to_vec(), MAX_NODE_BYTES).await.unwrap());
    }
    plans
}

async fn refused(rig: &Rig, publication: &Publication) -> Error {
    let error = publication.commit(pending()).await.unwrap_err();
    assert!(["/a", "/c"].iter().all(|path| rig.content(path) == "old"));
    error
}

#[tokio::test]
async fn all_nodes_are_written_at_one_zxid() {
    let rig = Rig::new(20, &["/a", "/b", "/c"]).await;
    let publication = Publication::of_changes(plans(&rig).await).unwrap();
    let published = publication.commit(pending()).await.unwrap();
    for (path, published) in ["/a", "/b", "/c"].iter().zip(published) {
        let stat = rig.admin().exists(&rig.full(path)).unwrap().unwrap();
        assert_eq!((stat.mzxid, stat.version), (published.mzxid, published.version));
    }
}

#[tokio::test]
async fn the_node_that_changed_meanwhile_is_named() {
    let rig = Rig::new(20, &["/a", "/b", "/c"]).await;
    let publication = Publication::of_changes(plans(&rig).await).unwrap();
    rig.set("/b", "theirs");
    let error = refused(&rig, &publication).await;
    assert_eq!(error.to_string(), "nothing was written: /b: it was changed meanwhile");
}

#[tokio::test]
async fn the_node_that_was_removed_is_named() {
    let rig = Rig::new(20, &["/a", "/b", "/c"]).await;
    let publication = Publication::of_changes(plans(&rig).await).unwrap();
    rig.admin().delete(&rig.full("/b")).unwrap();
    let error = refused(&rig, &publication).await;
    assert_eq!(error.to_string(), "nothing was written: /b: it does not exist");
}

#[tokio::test]
async fn the_node_that_must_not_be_written_is_named() {
    let rig = Rig::new(20, &["/a", "/b", "/c"]).await;
    rig.admin().set_acl(&rig.full("/b"), &[Acl::anyone(Acl::READ)]).unwrap();
    let publication = Publication::of_changes(plans(&rig).await).unwrap();
    let error = refused(&rig, &publication).await;
    assert!(matches!(&error, Error::NotAuthorized { path, .. } if path == "/b"), "{error}");
}

#[tokio::test]
async fn an_operation_that_cannot_be_done_is_named() {
    let rig = Rig::new(20, &["/a", "/b", "/c"]).await;
    let acl = ld_publish::inherit(&rig.client.session().await.unwrap(), "/a").await.unwrap();
    let create = |path: &str| Operation::Create {
        path: path.to_owned(),
        content: Vec::new(),
        is_sequential: false,
        acl: acl.clone(),
    };
    for (operation, reason) in [
        (create("/b"), "/b: it exists already"),
        (create("/missing/b"), "/missing/b: its parent does not exist"),
        (Operation::Delete { path: "/missing".to_owned(), version: None }, "/missing: it does not exist"),
        (Operation::Check { path: "/c".to_owned(), version: 7 }, "/c: it was changed meanwhile"),
    ] {
        let plan = plan(&rig.client, "/a", b"new".to_vec(), MAX_NODE_BYTES).await.unwrap();
        let error = refused(&rig, &Publication::new(plan).with(operation)).await;
        assert_eq!(error.to_string(), format!("nothing was written: {reason}"));
    }
}

#[tokio::test]
async fn a_node_that_is_not_written_must_not_change() {
    let rig = Rig::new(20, &["/a", "/b", "/c"]).await;
    let mut plans = plans(&rig).await;
    plans[1] = plan(&rig.client, "/b", b"old".to_vec(), MAX_NODE_BYTES).await.unwrap();
    let publication = Publication::of_changes(plans).unwrap();
    assert_eq!(publication.plans().len(), 2);
    rig.set("/b", "theirs");
    let error = refused(&rig, &publication).await;
    assert_eq!(error.to_string(), "nothing was written: /b: it was changed meanwhile");
    let same = plan(&rig.client, "/a", b"old".to_vec(), MAX_NODE_BYTES).await.unwrap();
    assert!(Publication::of_changes(vec![same]).is_none());
}

#[tokio::test]
async fn each_node_has_the_group_in_its_history() {
    let rig = Rig::new(20, &["/a", "/b", "/c"]).await;
    rig.publish(&[("/a", b"1"), ("/b", b"2"), ("/c", b"old")], "two of three").await.unwrap();
    for path in ["/a", "/b"] {
        let log = rig.log(path).await;
        assert_eq!(log.present().unwrap().group, ["/a", "/b"]);
    }
    assert!(rig.log("/c").await.entries.is_empty());
}
