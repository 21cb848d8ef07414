//! Nodes come and go while the engine runs, and their states can be followed.

use std::fs;
use std::time::Duration;

use futures_util::StreamExt;
use ld_config::NodeConfig;
use tokio::time::timeout;

use crate::{Engine, NodeChanges, StartError, State};

use super::rig::{HEARTBEAT, Rig};

fn node(rig: &Rig, name: &str) -> NodeConfig {
    rig.memory.set(&format!("/{name}"), name, 1);
    NodeConfig::new(name, format!("/{name}"), rig.path(name))
}

#[tokio::test(start_paused = true)]
async fn an_added_node_is_followed_and_a_removed_ones_file_stays() {
    let rig = Rig::new();
    let (stays, goes, comes) = (node(&rig, "stays"), node(&rig, "goes"), node(&rig, "comes"));
    let running = rig.start_nodes(vec![goes, stays.clone()]);
    running.engine.settled().await;
    let before = rig.inode("stays");

    let changes = running.engine.set_nodes(vec![comes, stays]).await.unwrap();
    let expected = NodeChanges { added: vec!["comes".into()], removed: vec!["goes".into()], changed: vec![] };
    assert_eq!(changes, expected);
    running.wait_for("comes", State::Current).await;
    let names: Vec<_> = running.engine.status().into_iter().map(|status| status.name).collect();
    assert_eq!(names, ["comes", "stays"]);
    assert!(running.engine.node("goes").is_none());

    rig.memory.set("/goes", "changed", 2);
    rig.memory.set("/stays", "changed", 2);
    running.wait_until("the change", || rig.read("stays").as_deref() == Some("changed")).await;
    let beat = rig.mtime("goes");
    tokio::time::sleep(HEARTBEAT * 2).await;
    assert_eq!((rig.read("goes").as_deref(), rig.mtime("goes")), (Some("goes"), beat));
    assert_ne!(rig.inode("stays"), before, "it was never followed");
}

#[tokio::test(start_paused = true)]
async fn a_changed_node_is_followed_with_its_new_settings() {
    let rig = Rig::new();
    let former = node(&rig, "flags");
    let running = rig.start_nodes(vec![former.clone()]);
    running.wait_for("flags", State::Current).await;

    // Another node takes over its file, and it gets another one.
    let moved = {
        let mut node = former.clone();
        node.dest = rig.path("moved");
        node
    };
    rig.memory.set("/heir", "heir", 1);
    let heir = NodeConfig::new("heir", "/heir", &former.dest);
    let changes = running.engine.set_nodes(vec![heir, moved]).await.unwrap();
    assert_eq!((changes.added, changes.changed), (vec!["heir".to_owned()], vec!["flags".to_owned()]));
    running.wait_for("heir", State::Current).await;
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("heir"));
    assert_eq!(rig.read("moved").as_deref(), Some("flags"));
}

#[tokio::test(start_paused = true)]
async fn invalid_nodes_change_nothing() {
    let rig = Rig::new();
    let good = node(&rig, "good");
    let running = rig.start_nodes(vec![good.clone()]);
    running.wait_for("good", State::Current).await;
    let twice = {
        let mut node = good.clone();
        node.name = "twice".into();
        node
    };
    let error = running.engine.set_nodes(vec![good, twice]).await.unwrap_err();
    assert!(error.to_string().contains("nodes.good"), "{error}");
    assert_eq!(running.engine.status().len(), 1);
    rig.memory.set("/good", "changed", 2);
    running.wait_until("the change", || rig.read("good").as_deref() == Some("changed")).await;
}

#[tokio::test(start_paused = true)]
async fn a_removed_node_without_an_outcome_is_not_awaited() {
    let rig = Rig::new();
    let silent = node(&rig, "silent");
    rig.memory.silence("/silent");
    let running = rig.start_nodes(vec![silent]);
    assert!(timeout(Duration::from_secs(5), running.engine.settled()).await.is_err());
    running.engine.set_nodes(Vec::new()).await.unwrap();
    timeout(Duration::from_secs(5), running.engine.settled()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn changes_give_all_nodes_first_and_then_those_that_changed() {
    let rig = Rig::new();
    let running = rig.start_nodes(vec![node(&rig, "one"), node(&rig, "two")]);
    let mut changes = running.engine.changes();
    assert_eq!(changes.next().await.unwrap().len(), 2);
    running.engine.settled().await;
    while timeout(Duration::from_secs(5), changes.next()).await.is_ok() {}

    rig.memory.set("/two", "changed", 2);
    let statuses = changes.next().await.unwrap();
    assert_eq!(statuses.iter().map(|status| status.name.as_str()).collect::<Vec<_>>(), ["two"]);
    running.wait_until("the change", || rig.read("two").as_deref() == Some("changed")).await;
    assert_eq!(running.engine.node("two").unwrap().mzxid, Some(2));
    fs::remove_file(rig.path("one")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn changes_end_after_a_drain_with_the_last_states() {
    let rig = Rig::new();
    let running = rig.start_nodes(vec![node(&rig, "one")]);
    running.wait_for("one", State::Current).await;
    let mut changes = running.engine.changes();
    assert!(running.engine.drain(Duration::from_secs(5)).await);
    let ends = async {
        assert_eq!(changes.next().await.unwrap()[0].state, State::Current);
        assert!(changes.next().await.is_none());
        assert!(changes.next().await.is_none());
    };
    timeout(Duration::from_secs(5), ends).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_changes_ends_when_the_engine_is_dropped() {
    let rig = Rig::new();
    let running = rig.start_nodes(vec![node(&rig, "one")]);
    let mut changes = running.engine.changes().into_stream();
    assert_eq!(changes.next().await.unwrap().len(), 1);
    let rest = tokio::spawn(async move { changes.for_each(|_| std::future::ready(())).await });
    drop(running);
    timeout(Duration::from_secs(5), rest).await.unwrap().unwrap();
}

#[test]
fn without_a_runtime_an_engine_is_refused() {
    let rig = Rig::new();
    let error = Engine::builder(std::sync::Arc::new(rig.memory.clone())).start().unwrap_err();
    assert!(matches!(error, StartError::NoRuntime), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_happened_to_a_node_is_counted() {
    let rig = Rig::new();
    let mut flags = node(&rig, "flags");
    flags.guards.max_bytes = Some(10);
    let running = rig.start_nodes(vec![flags]);
    let status = running.wait_for("flags", State::Current).await;
    assert_eq!((status.counts.applied, status.counts.rejections.total()), (1, 0));
    assert!(status.applied.is_some(), "{status:?}");

    rig.memory.set("/flags", "more than ten bytes", 2);
    let status = running.wait_for("flags", State::Rejected).await;
    assert_eq!((status.counts.applied, status.counts.rejections.total()), (1, 1));
    rig.memory.set("/flags", "good", 3);
    running.wait_for("flags", State::Current).await;
    fs::write(rig.path("flags"), "edited").unwrap_or_else(|_| {
        fs::remove_file(rig.path("flags")).unwrap();
    });
    running.wait_until("the repair", || rig.read("flags").as_deref() == Some("good")).await;
    running.wait_until("its count", || running.status("flags").counts.repaired == 1).await;
}
