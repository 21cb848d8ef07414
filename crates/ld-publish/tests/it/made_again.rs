//! Nodes that are removed and made again: versions begin again, so that servers do not notice.

use std::future::pending;

use ld_publish::{Deletion, Error, Plan, PresentAcl, Publication, plan};

use crate::kit::{MAX_NODE_BYTES, Rig};

async fn planned(rig: &Rig, path: &str) -> Plan {
    plan(&rig.client, path, b"new".to_vec(), MAX_NODE_BYTES).await.unwrap()
}

fn make_again(rig: &Rig, path: &str) {
    rig.admin().delete(&rig.full(path)).unwrap();
    rig.admin().create(&rig.full(path), "second life").unwrap();
}

#[tokio::test]
async fn a_write_into_another_life_of_a_node_is_told() {
    let rig = Rig::new(20, &["/a", "/b"]).await;
    let alone = planned(&rig, "/a").await;
    make_again(&rig, "/a");
    assert!(matches!(alone.check_again().await, Err(Error::ChangedMeanwhile)));
    let error = alone.commit(pending()).await.unwrap_err();
    assert!(matches!(&error, Error::Replaced { path } if path == "/a"), "{error}");

    let both = Publication::new(planned(&rig, "/a").await).and(planned(&rig, "/b").await);
    both.plans()[1].check_again().await.unwrap();
    make_again(&rig, "/b");
    let error = both.commit(pending()).await.unwrap_err();
    assert!(matches!(&error, Error::Replaced { path } if path == "/b"), "{error}");
}

#[tokio::test]
async fn a_removal_can_look_again() {
    let rig = Rig::new(20, &["/a"]).await;
    let deletion = Deletion::prepare(&rig.client, "/a", None).await.unwrap();
    deletion.check_again().await.unwrap();
    make_again(&rig, "/a");
    assert!(matches!(deletion.check_again().await, Err(Error::ChangedMeanwhile)));
    rig.admin().delete(&rig.full("/a")).unwrap();
    assert!(matches!(deletion.check_again().await, Err(Error::Absent { .. })));
}

#[tokio::test]
async fn an_acl_of_another_life_of_a_node_is_told() {
    let rig = Rig::new(20, &["/a"]).await;
    let present = PresentAcl::read(&rig.client, "/a").await.unwrap();
    let acl = present.acl().to_vec();
    make_again(&rig, "/a");
    let error = present.set(&acl, pending()).await.unwrap_err();
    assert!(matches!(&error, Error::Replaced { path } if path == "/a"), "{error}");
}
