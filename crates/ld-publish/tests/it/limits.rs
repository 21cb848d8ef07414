//! Contents at the limits.

use std::future::pending;
use std::time::Duration;

use ld_publish::ld_config::PublishConfig;
use ld_publish::ld_fleet::{RolloutPace, Share};
use ld_publish::{Error, HistoryError, Plan, Publication, plan, start_rollout};
use ld_testkit::Server;

use crate::kit::{MAX_NODE_BYTES, Rig, client, history, note};

/// `jute.maxbuffer`, if it is not raised.
const SERVER_LIMIT: usize = 1_048_575;

#[tokio::test]
async fn content_of_the_largest_node_is_recorded() {
    let rig = Rig::new(20, &["/app"]).await;
    for (byte, version) in [(b'a', 1), (b'b', 2)] {
        let published = rig.publish(&[("/app", &vec![byte; MAX_NODE_BYTES])], "large").await.unwrap();
        assert_eq!(published[0].version, version);
    }
    assert_eq!(rig.lines("/app").await.len(), 3);
}

#[tokio::test]
async fn a_transaction_of_the_servers_limit_is_taken() {
    let server = Server::start();
    server.admin().create("/app", "old").unwrap();
    server.admin().create_all("/live-data/history", "").unwrap();
    let client = client(server.address(), "");
    let history = history(20);
    // Above the server's limit, so that only the transaction is judged.
    let plan = async |bytes: usize| plan(&client, "/app", vec![b'x'; bytes], SERVER_LIMIT).await.unwrap();
    let commit = async |bytes| history.commit(&plan(bytes).await.into(), &note("full"), pending()).await;
    // The first answer counts without the check of the stored content, for which it is too large.
    let mut largest = SERVER_LIMIT;
    for _ in 0..2 {
        let error = commit(largest).await.unwrap_err();
        let Error::TransactionTooLarge { bytes, limit: SERVER_LIMIT } = error else { panic!("{error}") };
        largest -= bytes - SERVER_LIMIT;
    }
    let error = commit(largest + 1).await.unwrap_err();
    assert!(
        matches!(error, Error::TransactionTooLarge { bytes, .. } if bytes == SERVER_LIMIT + 1),
        "{error}"
    );
    assert_eq!(commit(largest).await.unwrap()[0].bytes, largest);
    // The server reads its own log.
    server.kill();
    server.restart();
    let log = history.read(&client, "/app").await.unwrap();
    let content = history.content(&client, "/app", log.present().unwrap()).await.unwrap();
    assert_eq!(content.len(), largest);
}

#[tokio::test]
async fn contents_of_a_group_count_together() {
    let rig = Rig::new(0, &["/a", "/b"]).await;
    let plans = async |bytes: usize| -> Vec<Plan> {
        let mut plans = Vec::new();
        for path in ["/a", "/b"] {
            plans.push(plan(&rig.client, path, vec![b'x'; bytes], MAX_NODE_BYTES).await.unwrap());
        }
        plans
    };
    let publication = Publication::of_changes(plans(600_000).await).unwrap();
    let error = publication.commit(pending()).await.unwrap_err();
    assert!(matches!(error, Error::TransactionTooLarge { .. }), "{error}");
    assert!(error.to_string().contains("1048575 in one request"), "{error}");
    let publication = Publication::of_changes(plans(500_000).await).unwrap();
    publication.commit(pending()).await.unwrap();
}

#[tokio::test]
async fn what_another_tool_wrote_is_kept_or_known_to_be_too_large() {
    let rig = Rig::new(20, &["/app"]).await;
    let most = SERVER_LIMIT - 100;
    rig.admin().set(&rig.full("/app"), vec![b'x'; most]).unwrap();
    rig.publish(&[("/app", b"new")], "small").await.unwrap();
    let log = rig.log("/app").await;
    assert_eq!((log.entries[0].bytes, log.entries[0].is_recorded), (most as u64, false));
    let error = rig.history.content(&rig.client, "/app", &log.entries[0]).await.unwrap_err();
    assert!(matches!(error, Error::History(HistoryError::ContentMissing { .. })), "{error}");
}

#[tokio::test]
async fn a_candidate_too_large_for_its_transaction_is_refused() {
    let rig = Rig::new(0, &["/app"]).await;
    let plan = plan(&rig.client, "/app", vec![b'x'; SERVER_LIMIT], SERVER_LIMIT).await.unwrap();
    let (steps, soak, max_bad) = (vec![Share::WHOLE], Duration::ZERO, Share::NONE);
    let pace = RolloutPace { steps, soak, max_bad, check: false };
    let started = start_rollout(&PublishConfig::default(), &plan, pace, &note(""), None, pending()).await;
    let error = started.unwrap_err();
    assert!(matches!(error, Error::TransactionTooLarge { limit: SERVER_LIMIT, .. }), "{error}");
}
