//! `apply_jitter`: a change waits for a random part of the window, and nothing else does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::{State, Status};
use ld_config::NodeConfig;
use ld_zk::Absence;
use tokio::time::{Instant, sleep};

use super::memory::Show;
use super::rig::{DRIFT, Rig, Running};

pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// How often a change is repeated, to test what holds for every draw.
pub(crate) const DRAWS: usize = 10;

pub(crate) fn node(rig: &Rig, name: &str) -> NodeConfig {
    let mut node = NodeConfig::new(name, format!("/{name}"), rig.path(name));
    node.apply_jitter = WINDOW;
    node
}

/// A node with a window. Its file holds `one`, with the mzxid 1.
pub(crate) async fn current(rig: &Rig) -> Running {
    rig.memory.set("/flags", "one", 1);
    let running = rig.start_nodes(vec![node(rig, "flags")]);
    running.wait_for("flags", State::Current).await;
    running
}

/// Waits for a change to be known. It may be drawn to wait for no more than a millisecond.
pub(crate) async fn delayed(running: &Running) -> Status {
    running.wait_at_once_for("flags", State::Delayed).await
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_is_written_at_once() {
    let rig = Rig::new();
    let start = Instant::now();
    let running = current(&rig).await;
    assert!(start.elapsed() < Duration::from_secs(1));
    rig.memory.show("/flags", Show::Absent(Absence::Deleted));
    running.wait_for("flags", State::Absent).await;
    rig.memory.set("/flags", "two", 2);
    let recreated = Instant::now();
    running.wait_for("flags", State::Current).await;
    assert!(recreated.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_right_already_is_touched_without_a_delay() {
    let rig = Rig::new();
    drop(current(&rig).await);
    let file = fs::File::open(rig.path("flags")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let inode = rig.inode("flags");
    let start = Instant::now();
    let running = current(&rig).await;
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(rig.mtime("flags") > std::time::UNIX_EPOCH);
    assert_eq!(rig.inode("flags"), inode);
    let last = rig.mtime("flags");
    running.wait_until("a heartbeat", || rig.mtime("flags") > last).await;
}

#[tokio::test(start_paused = true)]
async fn a_delayed_change_is_reported_and_stops_the_heartbeat() {
    /// Many heartbeats long.
    const WINDOW: Duration = Duration::from_secs(3600);
    let rig = Rig::new();
    let mut node = node(&rig, "flags");
    node.apply_jitter = WINDOW;
    rig.memory.set("/flags", "one", 1);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    for round in 0..5 {
        let (old, mtime) = (rig.read("flags"), rig.mtime("flags"));
        let new = format!("round {round}");
        let change = Instant::now();
        rig.memory.set("/flags", &new, 10 + round);
        let status = delayed(&running).await;
        assert!(!status.state.is_good());
        let reason = status.last_error.unwrap();
        assert!(reason.contains("of the 3600s of apply_jitter"), "{reason}");
        assert_eq!(status.attempts, 0, "waiting is no failure");
        while running.status("flags").state == State::Delayed {
            assert_eq!(running.status("flags").since, status.since);
            assert_eq!((rig.read("flags"), rig.mtime("flags")), (old.clone(), mtime));
            sleep(Duration::from_secs(5)).await;
        }
        assert_eq!(running.status("flags").state, State::Current);
        assert_eq!(rig.read("flags").as_deref(), Some(&*new));
        assert!(change.elapsed() <= WINDOW + Duration::from_secs(6), "{:?}", change.elapsed());
    }
    let last = rig.mtime("flags");
    running.wait_until("heartbeats to go on", || rig.mtime("flags") > last).await;
}

#[tokio::test(start_paused = true)]
async fn delays_spread_over_the_window_and_hold_no_content() {
    const HOSTS: usize = 200;
    let rig = Rig::new();
    let names: Vec<_> = (0..HOSTS).map(|host| format!("host{host}")).collect();
    for name in &names {
        rig.memory.set(&format!("/{name}"), "one", 1);
    }
    let running = rig.start_nodes(names.iter().map(|name| node(&rig, name)).collect());
    running.engine.settled().await;
    let reads = rig.memory.reads();
    let change = Instant::now();
    for name in &names {
        rig.memory.set(&format!("/{name}"), "two", 2);
    }
    let changed = || names.iter().filter(|name| rig.read(name).as_deref() == Some("two")).count();
    let mut quarters = Vec::new();
    for quarter in 1..=4 {
        tokio::time::sleep_until(change + WINDOW * quarter / 4 + Duration::from_secs(1)).await;
        quarters.push(changed() - quarters.iter().sum::<usize>());
    }
    // Fifty each on average; a fair draw leaves twenty once in a million runs.
    assert!(quarters.iter().all(|quarter| *quarter >= 20), "{quarters:?}");
    assert_eq!(quarters.iter().sum::<usize>(), HOSTS);
    assert_eq!(rig.memory.reads() - reads, 2 * HOSTS, "read when it came, and again when its turn came");
}

#[tokio::test(start_paused = true)]
async fn a_newer_change_is_applied_without_a_longer_delay() {
    let rig = Rig::new();
    let _running = current(&rig).await;
    let mut mzxid = 1;
    for _ in 0..DRAWS {
        let (before, start) = (rig.read("flags"), Instant::now());
        while rig.read("flags") == before {
            mzxid += 1;
            rig.memory.set("/flags", &mzxid.to_string(), mzxid);
            sleep(Duration::from_secs(1)).await;
            assert!(start.elapsed() <= WINDOW + Duration::from_secs(2), "a steady stream starves it");
        }
        let applied = rig.read("flags").unwrap();
        assert!(applied.parse::<i64>().unwrap() >= mzxid - 1, "{applied} is old: now it is {mzxid}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_taken_back_leaves_nothing_to_wait_for() {
    let rig = Rig::new();
    let running = current(&rig).await;
    rig.memory.set("/flags", "two", 2);
    delayed(&running).await;
    rig.memory.set("/flags", "one", 3);
    let back = Instant::now();
    let status = running.wait_for("flags", State::Current).await;
    assert!(back.elapsed() < Duration::from_secs(1));
    assert_eq!((status.mzxid, status.last_error), (Some(3), None));
    sleep(WINDOW).await;
    assert_eq!(rig.read("flags").as_deref(), Some("one"));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_waits_like_a_change() {
    let rig = Rig::new();
    let running = current(&rig).await;
    let deletion = Instant::now();
    rig.memory.show("/flags", Show::Absent(Absence::Deleted));
    delayed(&running).await;
    assert_eq!(rig.read("flags").as_deref(), Some("one"));
    running.wait_for("flags", State::Absent).await;
    assert_eq!(rig.read("flags"), None);
    assert!(deletion.elapsed() <= WINDOW + Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_repair_of_what_was_applied_does_not_wait() {
    let rig = Rig::new();
    let running = current(&rig).await;
    for _ in 0..DRAWS {
        let edit = Instant::now();
        fs::remove_file(rig.path("flags")).unwrap();
        fs::write(rig.path("flags"), "sabotage").unwrap();
        running.wait_until("the repair", || rig.read("flags").as_deref() == Some("one")).await;
        assert!(edit.elapsed() <= DRIFT + Duration::from_secs(2), "{:?}", edit.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_is_right_under_a_wrong_mode_is_replaced_at_once() {
    let rig = Rig::new();
    fs::write(rig.path("flags"), "one").unwrap();
    let start = Instant::now();
    let running = current(&rig).await;
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(fs::metadata(rig.path("flags")).unwrap().permissions().mode() & 0o777, 0o400);
    assert!(running.status("flags").applied_at.is_some());
}
