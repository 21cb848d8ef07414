//! A node that holds a pointer: its file holds what that points to, or stays.

mod objects;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use ld_config::{Format, NodeConfig, OnDrift};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::memory::Show;
use super::rig::{DRIFT, HEARTBEAT, Rig, Running};
use super::signed::publisher::{Publisher, SECRET};
use crate::{Again, State};

use objects::{Object, Objects, pointer};

/// A rig with the node `/flags`, which points to the object `a`.
fn pointing() -> (Rig, Objects) {
    let (rig, objects) = (Rig::new(), Objects::default());
    rig.memory.set("/flags", &pointer("a"), 1);
    (rig, objects)
}

fn node(rig: &Rig) -> NodeConfig {
    NodeConfig::new("flags", "/flags", rig.path("flags"))
}

fn start(rig: &Rig, objects: &Objects, node: NodeConfig) -> Running {
    rig.start_with_loader(vec![node], Arc::new(objects.clone()))
}

fn names(rig: &Rig) -> Vec<String> {
    let entries = fs::read_dir(rig.dir.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_file_holds_what_the_pointer_points_to() {
    let (rig, objects) = pointing();
    objects.put_content("a", "the object");
    let running = start(&rig, &objects, node(&rig));
    let status = running.wait_for("flags", State::Current).await;
    assert_eq!((status.bytes, status.mzxid), (Some(10), Some(1)));
    assert_eq!(rig.read("flags").as_deref(), Some("the object"));

    objects.put_content("b", "another one");
    rig.memory.set("/flags", &pointer("b"), 2);
    running.wait_until("the new object", || rig.read("flags").as_deref() == Some("another one")).await;
    rig.memory.set("/flags", "plain", 3);
    running.wait_until("plain content", || rig.read("flags").as_deref() == Some("plain")).await;
    assert_eq!((objects.loads(), names(&rig)), (2, vec!["flags".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_pointer_beats_and_is_not_loaded_again() {
    let (rig, objects) = pointing();
    objects.put_content("a", "the object");
    let running = start(&rig, &objects, node(&rig));
    running.wait_for("flags", State::Current).await;
    let (inode, before) = (rig.inode("flags"), rig.mtime("flags"));
    rig.memory.new_session();
    sleep(HEARTBEAT * 2).await;
    assert!(rig.mtime("flags") > before);
    // The same bytes in a new version of the node.
    rig.memory.set("/flags", &pointer("a"), 2);
    running.wait_until("the new version", || running.status("flags").mzxid == Some(2)).await;
    assert_eq!((objects.loads(), rig.inode("flags")), (1, inode));
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_loaded_again() {
    let (rig, objects) = pointing();
    objects.put_content("a", "the object");
    let running = start(&rig, &objects, node(&rig));
    running.wait_for("flags", State::Current).await;
    fs::remove_file(rig.path("flags")).unwrap();
    fs::write(rig.path("flags"), "drifted").unwrap();
    running.wait_until("the repair", || rig.read("flags").as_deref() == Some("the object")).await;
    assert_eq!(objects.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn reported_drift_stays_until_it_is_put_right() {
    let (rig, objects) = pointing();
    objects.put_content("a", "the object");
    let mut node = node(&rig);
    node.drift = OnDrift::Report;
    let running = start(&rig, &objects, node);
    running.wait_for("flags", State::Current).await;
    let replace = |content: &str| {
        fs::write(rig.path("new"), content).unwrap();
        let mut permissions = fs::metadata(rig.path("new")).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o400);
        fs::set_permissions(rig.path("new"), permissions).unwrap();
        fs::rename(rig.path("new"), rig.path("flags")).unwrap();
    };
    replace("drifted");
    running.wait_for("flags", State::Drifted).await;
    sleep(DRIFT * 2).await;
    assert_eq!(rig.read("flags").as_deref(), Some("drifted"));
    replace("the object");
    running.wait_for("flags", State::Current).await;
    assert_eq!(objects.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_load_keeps_the_file_and_is_tried_again() {
    let (rig, objects) = pointing();
    objects.put_content("a", "the object");
    let running = start(&rig, &objects, node(&rig));
    running.wait_for("flags", State::Current).await;
    objects.put("b", Object::Fails(Again::Soon));
    rig.memory.set("/flags", &pointer("b"), 2);
    let status = running.wait_for("flags", State::Failing).await;
    assert_eq!(status.last_error.as_deref(), Some("the load failed; the last file stays"));
    let before = rig.mtime("flags");
    sleep(HEARTBEAT * 2).await;
    assert_eq!((rig.mtime("flags"), rig.read("flags").as_deref()), (before, Some("the object")));
    assert!(objects.loads() > 300, "{} loads", objects.loads());
    objects.put_content("b", "healed");
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("healed"));
}

#[tokio::test(start_paused = true)]
async fn what_hardly_changes_is_loaded_every_10_s_at_most() {
    let (rig, objects) = pointing();
    objects.put("a", Object::Fails(Again::Slowly));
    let running = start(&rig, &objects, node(&rig));
    running.wait_for("flags", State::Failing).await;
    for _ in 0..60 {
        // Neither a new session nor another version of the node with the same pointer helps.
        rig.memory.new_session();
        sleep(Duration::from_secs(10)).await;
    }
    assert!((40..=60).contains(&objects.loads()), "{} loads", objects.loads());
    objects.put_content("b", "at once");
    rig.memory.set("/flags", &pointer("b"), 2);
    let began = Instant::now();
    running.wait_for("flags", State::Current).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_hanging_load_holds_up_its_node_alone() {
    let (rig, objects) = pointing();
    objects.put("a", Object::Hangs);
    objects.put_content("b", "b");
    rig.memory.set("/other", &pointer("b"), 1);
    let other = NodeConfig::new("other", "/other", rig.path("other"));
    let running = rig.start_with_loader(vec![node(&rig), other], Arc::new(objects.clone()));
    running.wait_for("other", State::Current).await;
    let status = running.wait_for("flags", State::Failing).await;
    assert!(status.last_error.unwrap().starts_with("object://a is being loaded for more than 10 s"));
    rig.memory.set("/other", "plain", 2);
    running.wait_until("the other", || rig.read("other").as_deref() == Some("plain")).await;
    assert_eq!((rig.read("flags"), names(&rig).len()), (None, 2));

    rig.memory.set("/flags", &pointer("b"), 2);
    running.wait_for("flags", State::Current).await;
    running.wait_until("no temporary file", || names(&rig).len() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_session_does_not_end_a_load() {
    let (rig, objects) = pointing();
    let (release, released) = watch::channel(false);
    objects.put("a", Object::Waits(released));
    let running = start(&rig, &objects, node(&rig));
    running.wait_until("the load", || objects.loads() == 1).await;
    for version in 2..10 {
        rig.memory.new_session();
        sleep(Duration::from_secs(1)).await;
        rig.memory.set("/flags", &pointer("a"), version);
        sleep(Duration::from_secs(1)).await;
    }
    release.send_replace(true);
    let status = running.wait_for("flags", State::Current).await;
    assert_eq!((objects.loads(), status.mzxid), (1, Some(9)));
    let before = rig.mtime("flags");
    sleep(HEARTBEAT * 2).await;
    assert!(rig.mtime("flags") > before, "the heartbeat of the last session");
}

#[tokio::test(start_paused = true)]
async fn a_pointer_that_is_not_valid_is_rejected_with_its_reason() {
    let (rig, objects) = pointing();
    rig.memory.set("/flags", r#"{"live_data_watcher_load_type": "S3"}"#, 1);
    let running = start(&rig, &objects, node(&rig));
    let status = running.wait_for("flags", State::Rejected).await;
    assert_eq!(status.last_error.as_deref(), Some("the pointer has no key; the last file stays"));
    assert_eq!(objects.loads(), 0);
}

#[tokio::test(start_paused = true)]
async fn guards_judge_the_object_and_not_the_pointer() {
    let (rig, objects) = pointing();
    let mut node = node(&rig);
    node.guards.format = Some(Format::Json);
    (node.guards.min_bytes, node.guards.max_bytes) = (Some(2), Some(5));
    objects.put_content("a", "{}");
    let running = start(&rig, &objects, node);
    running.wait_for("flags", State::Current).await;
    for (version, content, reason) in
        [(2, "{x}", "not JSON"), (3, "1", "min_bytes is 2"), (4, "[1, 2, 3]", "too large")]
    {
        objects.put_content("b", content);
        rig.memory.set("/flags", &format!("{}{}", pointer("b"), " ".repeat(version)), version as i64);
        running
            .wait_until(reason, || {
                running.status("flags").last_error.is_some_and(|error| error.contains(reason))
            })
            .await;
        assert_eq!(running.status("flags").state, State::Rejected);
    }
    assert_eq!(rig.read("flags").as_deref(), Some("{}"));
    running.wait_until("no temporary file", || names(&rig) == ["flags"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_delayed_change_is_not_loaded_before_its_time() {
    let (rig, objects) = pointing();
    objects.put_content("a", "the object");
    let mut node = node(&rig);
    node.apply_jitter = Duration::from_secs(100);
    let running = start(&rig, &objects, node);
    running.wait_for("flags", State::Current).await;
    assert_eq!(objects.loads(), 1, "a missing file is loaded at once");
    objects.put_content("b", "delayed");
    rig.memory.set("/flags", &pointer("b"), 2);
    running.wait_for("flags", State::Delayed).await;
    assert_eq!(objects.loads(), 1);
    running.wait_until("its time", || rig.read("flags").as_deref() == Some("delayed")).await;
    assert_eq!(objects.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_server_replaces_no_file_by_an_object() {
    let (rig, objects) = pointing();
    objects.put_content("a", "the object");
    fs::write(rig.path("flags"), "newer, perhaps").unwrap();
    rig.memory.show("/flags", Show::ReadOnly(pointer("a").into(), 1));
    let running = start(&rig, &objects, node(&rig));
    running.wait_for("flags", State::Unverified).await;
    assert_eq!((objects.loads(), rig.read("flags").as_deref()), (0, Some("newer, perhaps")));
}

#[tokio::test(start_paused = true)]
async fn an_unsigned_pointer_is_not_followed() {
    let (rig, objects) = pointing();
    objects.put_content("a", "the object");
    let publisher = Publisher::new(&rig, SECRET);
    fs::write(rig.path("publishers.pub"), publisher.public()).unwrap();
    let mut node = node(&rig);
    node.verify = Some(rig.path("publishers.pub"));
    let running = start(&rig, &objects, node);
    let status = running.wait_for("flags", State::Rejected).await;
    assert!(status.last_error.unwrap().contains("it has no signature in "));
    assert_eq!((status.counts.rejections.signature, objects.loads()), (1, 0));
    // It is the pointer that is signed.
    publisher.sign(&rig, &pointer("a"), 1);
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("the object"));
}
