//! The mtime tells the truth.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::State;
use ld_config::NodeConfig;
use ld_zk::Absence;

use super::memory::Show;
use super::rig::{DRIFT, HEARTBEAT, Rig};

/// An mtime that no heartbeat gives.
fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

/// Waits for two heartbeats: what happens by itself has happened then.
async fn two_heartbeats() {
    tokio::time::sleep(HEARTBEAT * 2 + Duration::from_secs(10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_current_file_is_touched_each_interval_and_not_replaced() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 1);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Current).await;
    let (mtime, inode) = (rig.mtime("flags"), rig.inode("flags"));
    for _ in 0..3 {
        let last = rig.mtime("flags");
        running.wait_until("a heartbeat", || rig.mtime("flags") > last).await;
    }
    assert!(rig.mtime("flags") > mtime);
    assert_eq!(rig.inode("flags"), inode);
    assert_eq!(running.status("flags").state, State::Current);
}

#[tokio::test(start_paused = true)]
async fn a_file_with_the_content_is_touched_at_once_and_not_replaced() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 1);
    let first = rig.start(&["flags"]);
    first.wait_for("flags", State::Current).await;
    drop(first);
    let file = fs::OpenOptions::new().read(true).open(rig.path("flags")).unwrap();
    file.set_modified(long_ago()).unwrap();
    let inode = rig.inode("flags");

    let second = rig.start(&["flags"]);
    let status = second.wait_for("flags", State::Current).await;
    assert!(rig.mtime("flags") > long_ago());
    assert_eq!(rig.inode("flags"), inode);
    assert_eq!(status.applied_at, None, "nothing was replaced");

    // The same after a new session.
    let last = rig.mtime("flags");
    rig.memory.new_session();
    second.wait_until("the touch of a new session", || rig.mtime("flags") > last).await;
    assert_eq!(rig.inode("flags"), inode);
}

#[tokio::test(start_paused = true)]
async fn without_a_live_session_no_file_is_touched() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 1);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Current).await;
    rig.memory.set_live(false);
    let last = rig.mtime("flags");
    two_heartbeats().await;
    assert_eq!(rig.mtime("flags"), last);
    rig.memory.set_live(true);
    running.wait_until("heartbeats to go on", || rig.mtime("flags") > last).await;
}

#[tokio::test(start_paused = true)]
async fn a_proof_of_long_ago_touches_no_file() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 1);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Current).await;
    rig.memory.confirm_after(Duration::from_secs(20));
    let last = rig.mtime("flags");
    two_heartbeats().await;
    assert_eq!(rig.mtime("flags"), last);
    rig.memory.confirm_after(Duration::ZERO);
    running.wait_until("heartbeats to go on", || rig.mtime("flags") > last).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_found_by_a_proof_stops_the_heartbeat_of_that_proof() {
    let rig = Rig::new();
    let names: Vec<_> = (0..3000).map(|number| format!("flags{number}")).collect();
    names.iter().for_each(|name| rig.memory.set(&format!("/{name}"), "one", 1));
    let running = rig.start(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let current = || running.engine.status().iter().all(|status| status.state == State::Current);
    running.wait_until("all files", current).await;
    let before: Vec<_> = names.iter().map(|name| rig.mtime(name)).collect();
    // What has changed cannot be read, so that it stays a change that is pending.
    rig.memory.answer(false);
    // The node that the round reaches first learns of it last.
    for name in names.iter().rev() {
        rig.memory.show_when_confirming(&format!("/{name}"), Show::Present("two".into(), 2));
    }
    two_heartbeats().await;
    for (name, before) in names.iter().zip(before) {
        assert_eq!(rig.mtime(name), before, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_reason_not_to_be_current_stops_the_heartbeat() {
    for (what, show, state) in [
        ("unreadable", Show::NoAuth, State::Unreadable),
        (
            "absence that is not believed",
            Show::Absent(Absence::Unconfirmed { reason: "the chroot does not exist".into() }),
            State::Unverified,
        ),
        (
            "a pointer to S3",
            Show::Present(br#"{"live_data_watcher_load_type": "S3"}"#.to_vec(), 2),
            State::Rejected,
        ),
        ("a read-only server", Show::ReadOnly(b"older".to_vec(), 0), State::Unverified),
    ] {
        let rig = Rig::new();
        rig.memory.set("/flags", "one", 1);
        rig.memory.set("/other", "one", 1);
        let running = rig.start(&["flags", "other"]);
        running.wait_for("flags", State::Current).await;
        running.wait_for("other", State::Current).await;
        rig.memory.show("/flags", show);
        let status = running.wait_for("flags", state).await;
        assert!(status.last_error.is_some(), "{what}");
        let (last, others) = (rig.mtime("flags"), rig.mtime("other"));
        two_heartbeats().await;
        assert_eq!(rig.mtime("flags"), last, "{what}");
        assert_eq!(rig.read("flags").as_deref(), Some("one"), "{what}: the last good file stays");
        assert!(rig.mtime("other") > others, "{what}: the others go on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_apply_stops_the_heartbeat_of_the_old_content() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 1);
    let mut node = NodeConfig::new("flags", "/flags", rig.path("dir/flags"));
    node.mode = 0o644;
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    // The directory's place is taken by a file, and what the watcher wrote waits elsewhere.
    fs::rename(rig.path("dir"), rig.path("aside")).unwrap();
    fs::write(rig.path("dir"), "in the way").unwrap();
    rig.memory.set("/flags", "two", 2);
    running.wait_for("flags", State::Failing).await;
    let last = rig.mtime("aside/flags");
    two_heartbeats().await;
    assert_eq!(rig.mtime("aside/flags"), last);
    fs::remove_file(rig.path("dir")).unwrap();
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("dir/flags").as_deref(), Some("two"));
}

#[tokio::test(start_paused = true)]
async fn a_file_changed_by_hand_is_restored_within_the_drift_interval() {
    type Deed = fn(&std::path::Path);
    let deeds: [(&str, Deed); 4] = [
        ("deleted", |path| fs::remove_file(path).unwrap()),
        ("edited", |path| {
            fs::remove_file(path).unwrap();
            fs::write(path, "sabotage").unwrap();
        }),
        ("written in place", |path| {
            use std::io::Write;
            let mut permissions = fs::metadata(path).unwrap().permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
            fs::set_permissions(path, permissions).unwrap();
            fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"sabotage").unwrap();
        }),
        ("replaced by a link", |path| {
            fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", path).unwrap();
        }),
    ];
    for (what, deed) in deeds {
        let rig = Rig::new();
        rig.memory.set("/flags", "one", 1);
        let running = rig.start(&["flags"]);
        running.wait_for("flags", State::Current).await;
        let before = tokio::time::Instant::now();
        deed(&rig.path("flags"));
        running
            .wait_until(what, || {
                rig.path("flags").symlink_metadata().is_ok_and(|found| found.is_file())
                    && rig.read("flags").as_deref() == Some("one")
                    && running.status("flags").state == State::Current
            })
            .await;
        assert!(before.elapsed() <= DRIFT + Duration::from_secs(2), "{what}: {:?}", before.elapsed());
    }
}
