//! Signatures of what nodes hold already.

use std::future::pending;
use std::time::SystemTime;

use ld_publish::ld_config::PublishConfig;
use ld_publish::ld_sign::SecretKey;
use ld_publish::{Error, Signer, plan};
use ld_testkit::Publisher;

use crate::kit::{MAX_NODE_BYTES, Rig};

#[tokio::test]
async fn a_node_that_changes_meanwhile_gets_no_signature() {
    let (rig, publisher, publish) =
        (Rig::new(0, &["/app"]).await, Publisher::new(), PublishConfig::default());
    let key = SecretKey::read(&publisher.key(), None).unwrap();
    let signer = Signer::new(&publish, &key);
    let plan = plan(&rig.client, "/app", b"old".to_vec(), MAX_NODE_BYTES).await.unwrap();
    let signature = signer.sign(&rig.client, "/app", b"old", b"old", SystemTime::now()).await.unwrap();
    rig.set("/app", "other");
    let error = signature.commit(&plan, pending()).await.unwrap_err();
    assert!(matches!(error, Error::ChangedMeanwhile), "{error}");
    assert!(!signer.has_signed(&rig.client, "/app", b"old").await.unwrap());
    rig.set("/app", "old");
    let plan = ld_publish::plan(&rig.client, "/app", b"old".to_vec(), MAX_NODE_BYTES).await.unwrap();
    signature.commit(&plan, pending()).await.unwrap();
    assert!(signer.has_signed(&rig.client, "/app", b"old").await.unwrap());
}

#[tokio::test]
async fn many_old_signatures_go() {
    let (rig, publisher, publish) =
        (Rig::new(0, &["/app"]).await, Publisher::new(), PublishConfig::default());
    let key = SecretKey::read(&publisher.key(), None).unwrap();
    let signer = Signer::new(&publish, &key);
    let signature = signer.sign(&rig.client, "/app", b"old", b"old", SystemTime::now()).await.unwrap();
    let directory = signature.place().rsplit_once('/').unwrap().0;
    rig.admin().create(&rig.full(directory), "").unwrap();
    for number in 0..200 {
        rig.admin().create(&rig.full(&format!("{directory}/{number}")), "").unwrap();
    }
    signature.tidy(&rig.client).await;
    let mut left: Vec<u32> = rig
        .admin()
        .children(&rig.full(directory))
        .unwrap()
        .iter()
        .map(|name| name.parse().unwrap())
        .collect();
    left.sort_unstable();
    assert_eq!(left, (136..200).collect::<Vec<_>>());
}
