//! Content reaches its file, whatever stands in the way.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use crate::State;
use ld_config::NodeConfig;
use ld_fleet::ContentHash;
use ld_zk::Absence;

use super::memory::Show;
use super::rig::Rig;

#[tokio::test(start_paused = true)]
async fn a_node_becomes_a_file_and_follows_every_change() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 7);
    let running = rig.start(&["flags"]);
    let status = running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("one"));
    assert_eq!((status.mzxid, status.bytes, status.attempts), (Some(7), Some(3), 0));
    assert!(status.applied_at.is_some());
    assert_eq!(fs::metadata(rig.path("flags")).unwrap().permissions().mode() & 0o7777, 0o400);

    rig.memory.set("/flags", "two", 8);
    running.wait_until("the change", || rig.read("flags").as_deref() == Some("two")).await;
    rig.memory.show("/flags", Show::Absent(Absence::Deleted));
    running.wait_for("flags", State::Absent).await;
    assert_eq!(rig.read("flags"), None);
    rig.memory.set("/flags", "", 9);
    running.wait_until("the recreated node", || rig.read("flags").as_deref() == Some("")).await;
}

#[tokio::test(start_paused = true)]
async fn the_status_has_the_hash_of_what_the_node_held() {
    let rig = Rig::new();
    // A large one is hashed on a thread.
    let contents = ["small".to_owned(), "large".repeat(20_000)];
    rig.memory.set("/a", &contents[0], 1);
    rig.memory.set("/b", &contents[1], 2);
    let running = rig.start(&["a", "b"]);
    for (name, content) in ["a", "b"].into_iter().zip(&contents) {
        let status = running.wait_for(name, State::Current).await;
        assert_eq!(status.hash, Some(ContentHash::of(content.as_bytes())), "{name}");
    }
    rig.memory.show("/a", Show::Absent(Absence::Deleted));
    assert_eq!(running.wait_for("a", State::Absent).await.hash, None);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_is_started_again() {
    let rig = Rig::new();
    rig.memory.set("/panics", "one", 1);
    rig.memory.set("/good", "one", 1);
    let running = rig.start(&["panics", "good"]);
    running.engine.settled().await;
    rig.memory.poison("/panics");
    rig.memory.set("/panics", "two", 2);
    let status = running.wait_for("panics", State::Failing).await;
    let error = status.last_error.unwrap();
    assert!(error.contains("nodes.panics failed unexpectedly (poisoned)"), "{error}");
    rig.memory.set("/good", "two", 2);
    running.wait_until("the good node's change", || rig.read("good").as_deref() == Some("two")).await;
    rig.memory.cure("/panics");
    running.wait_for("panics", State::Current).await;
    assert_eq!(rig.read("panics").as_deref(), Some("two"));
}

#[tokio::test(start_paused = true)]
async fn settled_waits_for_the_first_outcome_of_all_nodes() {
    let rig = Rig::new();
    rig.memory.set("/good", "x", 1);
    rig.memory.show("/gone", Show::Absent(Absence::Confirmed));
    rig.memory.show("/secret", Show::NoAuth);
    let running = rig.start(&["good", "gone", "secret"]);
    // Any number of tasks may wait, give up, and wait again.
    let settled = || running.engine.settled();
    assert!(tokio::time::timeout(Duration::ZERO, settled()).await.is_err());
    tokio::join!(settled(), settled());
    settled().await;
    let states: Vec<_> = running.engine.status().iter().map(|status| status.state).collect();
    assert_eq!(states, [State::Current, State::Absent, State::Unreadable]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_apply_is_retried_within_2_s_until_it_succeeds() {
    let rig = Rig::new();
    fs::create_dir(rig.path("flags")).unwrap();
    rig.memory.set("/flags", "one", 1);
    let running = rig.start(&["flags"]);
    let first = running.wait_for("flags", State::Failing).await;
    assert!(first.last_error.is_some_and(|error| error.contains("directory")));

    let before = tokio::time::Instant::now();
    let attempts = running.status("flags").attempts;
    running.wait_until("ten more attempts", || running.status("flags").attempts >= attempts + 10).await;
    assert!(before.elapsed() <= Duration::from_secs(21), "{:?}", before.elapsed());
    assert_eq!(rig.memory.reads(), 1, "a small content is held for the next attempt, not read again");

    fs::remove_dir(rig.path("flags")).unwrap();
    let healed = tokio::time::Instant::now();
    let status = running.wait_for("flags", State::Current).await;
    assert!(healed.elapsed() <= Duration::from_millis(2_100), "{:?}", healed.elapsed());
    assert_eq!(rig.read("flags").as_deref(), Some("one"));
    assert_eq!((status.attempts, status.last_error), (0, None));
}

#[tokio::test(start_paused = true)]
async fn content_too_large_to_hold_is_read_again_for_the_next_attempt() {
    let rig = Rig::new();
    fs::create_dir(rig.path("flags")).unwrap();
    rig.memory.show("/flags", Show::Present(vec![b'x'; 17 << 20], 1));
    let running = rig.start(&["flags"]);
    running.wait_until("three reads", || rig.memory.reads() >= 3).await;
    fs::remove_dir(rig.path("flags")).unwrap();
    running.wait_for("flags", State::Current).await;
    assert_eq!(fs::metadata(rig.path("flags")).unwrap().len(), 17 << 20);
}

#[tokio::test(start_paused = true)]
async fn a_newer_state_supersedes_one_that_waits_for_another_attempt() {
    let rig = Rig::new();
    fs::create_dir(rig.path("flags")).unwrap();
    rig.memory.set("/flags", "one", 1);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Failing).await;
    rig.memory.set("/flags", "two", 2);
    running.wait_until("the newer state to be read", || rig.memory.reads() == 2).await;
    fs::remove_dir(rig.path("flags")).unwrap();
    let status = running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("two"));
    assert_eq!(status.mzxid, Some(2));
}

#[tokio::test(start_paused = true)]
async fn one_bad_node_never_stops_the_others() {
    let rig = Rig::new();
    fs::create_dir(rig.path("bad")).unwrap();
    for path in ["/bad", "/good", "/unreadable", "/panics"] {
        rig.memory.set(path, "one", 1);
    }
    rig.memory.show("/unreadable", Show::NoAuth);
    rig.memory.poison("/panics");
    let mut nobody = NodeConfig::new("nobody", "/good", rig.path("nobody"));
    nobody.owner = Some(ld_config::Principal("no-such-user-here".into()));
    let mut nodes: Vec<_> = ["bad", "unreadable", "panics", "good"]
        .map(|name| NodeConfig::new(name, format!("/{name}"), rig.path(name)))
        .into();
    nodes.push(nobody);
    let running = rig.start_nodes(nodes);
    running.wait_for("good", State::Current).await;
    running.wait_for("bad", State::Failing).await;
    running.wait_for("panics", State::Failing).await;
    let status = running.wait_for("nobody", State::Failing).await;
    assert!(status.last_error.is_some_and(|error| error.contains("no-such-user-here")));
    rig.memory.set("/good", "two", 2);
    running.wait_until("the good node's change", || rig.read("good").as_deref() == Some("two")).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_paths_to_one_file_the_first_node_keeps_it() {
    let rig = Rig::new();
    fs::create_dir(rig.path("real")).unwrap();
    symlink(rig.path("real"), rig.path("alias")).unwrap();
    rig.memory.set("/a", "from a", 1);
    rig.memory.set("/b", "from b", 1);
    let running = rig.start_nodes(vec![
        NodeConfig::new("a", "/a", rig.path("real/file")),
        NodeConfig::new("b", "/b", rig.path("alias/file")),
    ]);
    let second = running.wait_for("b", State::Failing).await;
    assert!(second.last_error.is_some_and(|error| error.contains("nodes.a.dest, through a link")));
    running.wait_for("a", State::Current).await;
    running.wait_until("the first node's file", || rig.read("real/file").as_deref() == Some("from a")).await;
}

#[tokio::test(start_paused = true)]
async fn draining_begins_no_more_writes() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 1);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Current).await;
    assert!(running.engine.drain(Duration::from_secs(1)).await);
    assert_eq!(running.engine.ended().await, "the engine was drained");
    rig.memory.set("/flags", "two", 2);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.read("flags").as_deref(), Some("one"));
}
