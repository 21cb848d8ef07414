//! Signatures of what nodes hold already.

use std::future::pending;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use ld_publish::ld_config::PublishConfig;
use ld_publish::ld_sign::{PublicKeys, SecretKey, Statement, hash, place};
use ld_publish::{Error, Signer, plan};
use ld_testkit::Publisher;

use crate::kit::{MAX_NODE_BYTES, Rig, poll_times, within};

#[tokio::test]
async fn a_node_that_changes_meanwhile_gets_no_signature() {
    let (rig, publisher, publish) =
        (Rig::new(0, &["/app"]).await, Publisher::new(), PublishConfig::default());
    let key = SecretKey::read(&publisher.key(), None).unwrap();
    let signer = Signer::new(&publish, &key);
    let plan = plan(&rig.client, "/app", b"old".to_vec(), MAX_NODE_BYTES).await.unwrap();
    let signature = signer.sign(&rig.client, "/app", b"old", SystemTime::now()).await.unwrap();
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
async fn a_counter_follows_those_of_all_kept_signatures() {
    let (rig, publish) = (Rig::new(0, &["/app"]).await, PublishConfig::default());
    let [ann, bob] = [Publisher::new(), Publisher::new()];
    let keys = [&ann, &bob].map(|publisher| SecretKey::read(&publisher.key(), None).unwrap());
    let lines = [&ann, &bob].map(|publisher| std::fs::read_to_string(publisher.public()).unwrap());
    let both = PublicKeys::parse(&lines.concat()).unwrap();
    let (now, hour) = (SystemTime::now(), Duration::from_secs(3_600));

    // The clock of Ann is an hour ahead. A publication without a signature comes after hers.
    let ahead = Signer::new(&publish, &keys[0]).sign(&rig.client, "/app", b"one", now + hour).await.unwrap();
    let publication = rig.publication(&[("/app", b"one")]).await.signed(&ahead);
    publication.commit(pending()).await.unwrap();
    rig.set("/app", "unsigned");
    let bob = Signer::new(&publish, &keys[1]).believing(&both);
    let next = bob.sign(&rig.client, "/app", b"two", now).await.unwrap();
    assert_eq!(next.counter(), ahead.counter() + 1);

    // What no publisher has signed raises no counter.
    let eve = SecretKey::read(&Publisher::new().key(), None).unwrap();
    for (name, key, path) in [("forged", &eve, "/app"), ("other", &keys[0], "/other")] {
        let signature = key.sign(b"three", &Statement::new(path, u64::MAX - 1)).unwrap();
        rig.admin().create(&rig.full(&format!("/live-data/signatures/app/{name}")), signature).unwrap();
    }
    let again = bob.sign(&rig.client, "/app", b"two", now).await.unwrap();
    assert_eq!(again.counter(), next.counter());
}

#[tokio::test]
async fn tidying_removes_no_signature_of_what_a_node_holds() {
    /// One more than are left alone.
    const MANY: usize = 97;
    let (rig, publisher, publish) = (Rig::new(0, &[]).await, Publisher::new(), PublishConfig::default());
    let key = SecretKey::read(&publisher.key(), None).unwrap();
    let signer = Signer::new(&publish, &key);
    let publish_signed = async |path: &str, content: &str| {
        let now = SystemTime::now();
        let signature = signer.sign(&rig.client, path, content.as_bytes(), now).await.unwrap();
        let publication = rig.publication(&[(path, content.as_bytes())]).await.signed(&signature);
        within("a publication", publication.commit(pending())).await.unwrap();
        signature
    };
    for times in (1..).step_by(3) {
        let path = format!("/app{times}");
        rig.admin().create(&rig.full(&path), "old").unwrap();
        publish_signed(&path, "first").await;
        for index in 0..MANY {
            let place = place(&publish, &path, &hash(index.to_string().as_bytes()));
            rig.admin().create(&rig.full(&place), "").unwrap();
            // In the midst of those that are to go: another publisher puts this content back.
            if index == 20 {
                publish_signed(&path, "former").await;
            }
        }
        let last = publish_signed(&path, "last").await;
        let mut tidy = pin!(last.tidy(&rig.client));
        let early = within("tidying", poll_times(tidy.as_mut(), times)).await;
        publish_signed(&path, "former").await;
        if early.is_none() {
            within("the rest", tidy).await;
        }
        assert!(signer.has_signed(&rig.client, &path, b"former").await.unwrap(), "{times}");
        if early.is_some() {
            let left = rig.admin().children(&rig.full(&format!("/live-data/signatures{path}"))).unwrap();
            assert!(left.len() < MANY, "{}", left.len());
            break;
        }
    }
}

#[tokio::test]
async fn many_old_signatures_go() {
    let (rig, publisher, publish) =
        (Rig::new(0, &["/app"]).await, Publisher::new(), PublishConfig::default());
    let key = SecretKey::read(&publisher.key(), None).unwrap();
    let signer = Signer::new(&publish, &key);
    let signature = signer.sign(&rig.client, "/app", b"old", SystemTime::now()).await.unwrap();
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
