//! Content is applied with a valid signature only, and nothing older after it.

pub(super) mod publisher;

use std::fs;
use std::time::Duration;

use ld_config::{NodeConfig, OnDelete};
use ld_zk::Absence;

use self::publisher::{OTHER, Publisher, SECRET};
use super::memory::Show;
use super::rig::{HEARTBEAT, Rig, Running};
use crate::State;

const KEYS: &str = "publishers.pub";

/// A rig with the publisher's key among the public ones, and a node that asks for signatures.
fn rig() -> (Rig, Publisher, NodeConfig) {
    let rig = Rig::new();
    let publisher = Publisher::new(&rig, SECRET);
    fs::write(rig.path(KEYS), publisher.public()).unwrap();
    let mut node = NodeConfig::new("flags", "/flags", rig.path("flags"));
    node.verify = Some(rig.path(KEYS));
    (rig, publisher, node)
}

/// The reason for which the content is rejected.
async fn rejection(running: &Running) -> String {
    running.wait_for("flags", State::Rejected).await.last_error.unwrap()
}

#[tokio::test(start_paused = true)]
async fn signed_content_is_applied_and_gets_heartbeats() {
    let (rig, publisher, node) = rig();
    publisher.publish(&rig, "1", 1, 100);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("1"));
    publisher.publish(&rig, "2", 2, 101);
    running.wait_until("the second content", || rig.read("flags").as_deref() == Some("2")).await;
    let last = rig.mtime("flags");
    running.wait_until("a heartbeat", || rig.mtime("flags") > last).await;
    assert_eq!(running.status("flags").counts.rejections.total(), 0);
}

#[tokio::test(start_paused = true)]
async fn unsigned_content_is_rejected_until_it_is_signed() {
    let (rig, publisher, node) = rig();
    publisher.publish(&rig, "1", 1, 100);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    rig.memory.set("/flags", "2", 2);
    let reason = rejection(&running).await;
    assert!(reason.contains("it has no signature in /live-data/signatures/flags/d4735e3a"), "{reason}");
    assert!(reason.contains("live-data-ctl sign --publish") && reason.ends_with("; the last file stays"));
    let last = rig.mtime("flags");
    tokio::time::sleep(HEARTBEAT * 2 + Duration::from_secs(10)).await;
    assert_eq!((rig.read("flags").as_deref(), rig.mtime("flags")), (Some("1"), last));
    assert_eq!(running.status("flags").counts.rejections.signature, 1);
    // The watch of the signature tells: the node itself does not change.
    publisher.sign(&rig, "2", 101);
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_signature_is_rejected_with_its_reason() {
    let (rig, publisher, node) = rig();
    let stranger = Publisher::new(&rig, OTHER);
    rig.memory.set("/flags", "1", 1);
    let running = rig.start_nodes(vec![node]);
    for (signature, expected) in [
        (stranger.signature("1", "/flags", 1), "by a key that is not among the public keys"),
        (publisher.signature("2", "/flags", 1), "not of this content"),
        (publisher.signature("1", "/other", 1), "for '/other', and not for /flags"),
        ("nonsense".to_owned(), "not one of minisign"),
        ("x".repeat(5000), "more than 4096 bytes"),
    ] {
        publisher.put(&rig, "1", &signature);
        let is_so = || running.status("flags").last_error.is_some_and(|error| error.contains(expected));
        running.wait_until(expected, is_so).await;
        assert_eq!(running.status("flags").state, State::Rejected);
    }
    assert_eq!(rig.read("flags"), None);
    publisher.sign(&rig, "1", 1);
    running.wait_for("flags", State::Current).await;
}

#[tokio::test(start_paused = true)]
async fn an_older_content_is_not_shown_again() {
    let (rig, publisher, node) = rig();
    publisher.publish(&rig, "1", 1, 100);
    let running = rig.start_nodes(vec![node.clone()]);
    running.wait_for("flags", State::Current).await;
    publisher.publish(&rig, "2", 2, 101);
    running.wait_until("the second content", || rig.read("flags").as_deref() == Some("2")).await;
    rig.memory.set("/flags", "1", 3);
    let reason = rejection(&running).await;
    assert!(reason.contains("has the counter 100, and 101 was applied already"), "{reason}");
    // A reload that follows the node anew forgets nothing.
    let mut changed = node;
    changed.mode = 0o444;
    running.engine.set_nodes(vec![changed]).await.unwrap();
    let reason = rejection(&running).await;
    assert!(reason.contains("101 was applied already"), "{reason}");
    assert_eq!(rig.read("flags").as_deref(), Some("2"));
    // The publisher goes back on purpose.
    publisher.sign(&rig, "1", 102);
    running.wait_until("the first content", || rig.read("flags").as_deref() == Some("1")).await;
}

#[tokio::test(start_paused = true)]
async fn content_that_a_guard_rejects_raises_no_counter() {
    let (rig, publisher, mut node) = rig();
    node.guards.max_bytes = Some(1);
    publisher.publish(&rig, "1", 1, 100);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    publisher.publish(&rig, "too large", 2, 101);
    rejection(&running).await;
    rig.memory.set("/flags", "1", 3);
    running.wait_for("flags", State::Current).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_from_before_the_start_is_verified_too() {
    let (rig, publisher, node) = rig();
    fs::write(rig.path("flags"), "1").unwrap();
    let last = rig.mtime("flags");
    rig.memory.set("/flags", "1", 1);
    let running = rig.start_nodes(vec![node]);
    rejection(&running).await;
    tokio::time::sleep(HEARTBEAT * 2).await;
    assert_eq!(rig.mtime("flags"), last);
    publisher.sign(&rig, "1", 1);
    running.wait_for("flags", State::Current).await;
}

#[tokio::test(start_paused = true)]
async fn without_public_keys_the_node_fails_alone() {
    let (rig, publisher, node) = rig();
    publisher.publish(&rig, "1", 1, 100);
    rig.memory.set("/plain", "plain", 1);
    let plain = NodeConfig::new("plain", "/plain", rig.path("plain"));
    fs::remove_file(rig.path(KEYS)).unwrap();
    fs::write(rig.path("flags"), "former").unwrap();
    let running = rig.start_nodes(vec![node, plain]);
    let error = running.wait_for("flags", State::Failing).await.last_error.unwrap();
    assert!(error.contains("publishers.pub' cannot be read: No such file"), "{error}");
    running.wait_for("plain", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("former"));
    fs::write(rig.path(KEYS), publisher.public()).unwrap();
    running.wait_for("flags", State::Current).await;
}

#[tokio::test(start_paused = true)]
async fn new_public_keys_count_after_a_reload() {
    let (rig, publisher, node) = rig();
    let successor = Publisher::new(&rig, OTHER);
    successor.publish(&rig, "1", 1, 100);
    let running = rig.start_nodes(vec![node.clone()]);
    rejection(&running).await;
    fs::write(rig.path(KEYS), format!("{}\n{}\n", publisher.public(), successor.public())).unwrap();
    running.engine.set_nodes(vec![node.clone()]).await.unwrap();
    running.wait_for("flags", State::Current).await;
    // A key that was taken away does not count any more.
    fs::write(rig.path(KEYS), publisher.public()).unwrap();
    running.engine.set_nodes(vec![node]).await.unwrap();
    let reason = rejection(&running).await;
    assert!(reason.contains("not among the public keys"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_stolen_key_that_is_taken_away_locks_no_other_out() {
    let (rig, publisher, node) = rig();
    let thief = Publisher::new(&rig, OTHER);
    fs::write(rig.path(KEYS), format!("{}\n{}\n", publisher.public(), thief.public())).unwrap();
    publisher.publish(&rig, "1", 1, 100);
    let running = rig.start_nodes(vec![node.clone()]);
    running.wait_for("flags", State::Current).await;
    thief.publish(&rig, "evil", 2, u64::MAX);
    running.wait_until("the theft", || rig.read("flags").as_deref() == Some("evil")).await;
    fs::write(rig.path(KEYS), publisher.public()).unwrap();
    running.engine.set_nodes(vec![node]).await.unwrap();
    let reason = rejection(&running).await;
    assert!(reason.contains("not among the public keys"), "{reason}");
    publisher.publish(&rig, "2", 3, 101);
    running.wait_until("the next content", || rig.read("flags").as_deref() == Some("2")).await;
    // What the publisher has signed before is not shown again.
    rig.memory.set("/flags", "1", 4);
    let reason = rejection(&running).await;
    assert!(reason.contains("has the counter 100, and 101 was applied already"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_signature_that_cannot_be_read_leaves_the_file() {
    let (rig, publisher, node) = rig();
    publisher.publish(&rig, "1", 1, 100);
    rig.memory.show(&publisher.place("1"), Show::NoAuth);
    let running = rig.start_nodes(vec![node]);
    let error = running.wait_for("flags", State::Unreadable).await.last_error.unwrap();
    assert!(error.contains("the signature in /live-data/signatures/flags/") && error.contains("not auth"));
    publisher.sign(&rig, "1", 100);
    running.wait_for("flags", State::Current).await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_needs_no_signature() {
    for (on_delete, state, stays) in
        [(OnDelete::Keep, State::Kept, Some("1")), (OnDelete::Remove, State::Absent, None)]
    {
        let (rig, publisher, mut node) = rig();
        node.on_delete = on_delete;
        publisher.publish(&rig, "1", 1, 100);
        let running = rig.start_nodes(vec![node]);
        running.wait_for("flags", State::Current).await;
        rig.memory.show("/flags", Show::Absent(Absence::Deleted));
        running.wait_for("flags", state).await;
        assert_eq!(rig.read("flags").as_deref(), stays);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_signature_changes_nothing_of_what_is_applied() {
    let (rig, publisher, node) = rig();
    publisher.publish(&rig, "1", 1, 100);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    rig.memory.show(&publisher.place("1"), Show::Absent(Absence::Deleted));
    let last = rig.mtime("flags");
    running.wait_until("a heartbeat", || rig.mtime("flags") > last).await;
    assert_eq!(running.status("flags").state, State::Current);
}

#[tokio::test(start_paused = true)]
async fn other_nodes_ask_for_no_signature() {
    let rig = Rig::new();
    rig.memory.set("/flags", "1", 1);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.memory.reads(), 1);
}
