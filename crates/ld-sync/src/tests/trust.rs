//! What a server says is believed only as far as the server can know.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use crate::{Engine, State};
use ld_config::{NodeConfig, WatcherConfig};
use ld_zk::Absence;

use super::memory::Show;
use super::rig::Rig;

#[tokio::test(start_paused = true)]
async fn a_stale_file_is_removed_only_if_the_absence_is_believed() {
    let rig = Rig::new();
    fs::write(rig.path("flags"), "good").unwrap();
    rig.memory.show("/flags", Show::Absent(Absence::Unconfirmed { reason: "the ensemble is empty".into() }));
    let running = rig.start(&["flags"]);
    let status = running.wait_for("flags", State::Unverified).await;
    assert!(status.last_error.is_some_and(|error| error.contains("the ensemble is empty")));
    assert_eq!(rig.read("flags").as_deref(), Some("good"));
    rig.memory.show("/flags", Show::Absent(Absence::Confirmed));
    running.wait_for("flags", State::Absent).await;
    assert_eq!(rig.read("flags"), None);
}

#[tokio::test(start_paused = true)]
async fn a_restored_ensemble_is_the_truth_in_a_new_session() {
    let rig = Rig::new();
    rig.memory.set("/flags", "new", 100);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Current).await;
    rig.memory.set("/flags", "restored", 50);
    rig.memory.new_session();
    running.wait_until("the restored content", || rig.read("flags").as_deref() == Some("restored")).await;
    assert_eq!(running.wait_for("flags", State::Current).await.mzxid, Some(50));
}

#[tokio::test(start_paused = true)]
async fn a_read_only_server_creates_files_but_replaces_no_unknown_one() {
    let rig = Rig::new();
    fs::write(rig.path("there"), "maybe newer").unwrap();
    rig.memory.show("/there", Show::ReadOnly(b"from it".to_vec(), 5));
    rig.memory.show("/missing", Show::ReadOnly(b"from it".to_vec(), 5));
    let running = rig.start(&["there", "missing"]);
    running.wait_for("there", State::Unverified).await;
    running.wait_for("missing", State::Current).await;
    assert_eq!(rig.read("there").as_deref(), Some("maybe newer"));
    assert_eq!(rig.read("missing").as_deref(), Some("from it"));
}

#[tokio::test(start_paused = true)]
async fn a_read_only_server_only_raises_the_mzxid_and_removes_nothing() {
    let rig = Rig::new();
    rig.memory.set("/flags", "five", 5);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Current).await;
    rig.memory.show("/flags", Show::ReadOnly(b"four".to_vec(), 4));
    running.wait_for("flags", State::Unverified).await;
    assert_eq!(rig.read("flags").as_deref(), Some("five"));
    rig.memory.show("/flags", Show::ReadOnly(b"six".to_vec(), 6));
    running.wait_until("the higher mzxid", || rig.read("flags").as_deref() == Some("six")).await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_client_shows_on_every_node() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 1);
    let running = rig.start(&["flags"]);
    running.wait_for("flags", State::Current).await;
    rig.memory.show("/flags", Show::Closed);
    let status = running.wait_for("flags", State::Unreadable).await;
    assert_eq!(status.last_error.as_deref(), Some("the ZooKeeper client is closed; the file stays"));
    assert_eq!(rig.read("flags").as_deref(), Some("one"));
}

#[tokio::test(start_paused = true)]
async fn without_a_session_the_status_says_why() {
    let rig = Rig::new();
    rig.memory.set("/flags", "one", 1);
    let running = rig.start(&["flags"]);
    assert_eq!(running.wait_for("flags", State::Current).await.last_error, None);
    rig.memory.set_live(false);
    assert_eq!(running.status("flags").last_error.as_deref(), Some("the connection is refused"));
}

#[tokio::test]
async fn settings_that_cannot_work_are_errors() {
    let rig = Rig::new();
    let start = |nodes: Vec<NodeConfig>, heartbeat, drift| {
        let mut settings = WatcherConfig::default();
        (settings.heartbeat_interval, settings.drift_interval) = (heartbeat, drift);
        Engine::start(Arc::new(rig.memory.clone()), nodes, settings).map(drop)
    };
    let node = |name: &str, dest: &str| NodeConfig::new(name, "/flags", rig.path(dest));
    let second = Duration::from_secs(1);
    rig.memory.set("/flags", "one", 1);
    assert!(start(vec![node("a", "a")], second, second).is_ok());
    for wrong in [Duration::ZERO, Duration::MAX] {
        assert!(start(vec![], wrong, second).is_err() && start(vec![], second, wrong).is_err());
        let mut jitter = node("a", "a");
        jitter.apply_jitter = wrong;
        assert_eq!(start(vec![jitter], second, second).is_ok(), wrong.is_zero());
    }
    let error = start(vec![node("a", "same"), node("b", "same")], second, second).unwrap_err().to_string();
    assert!(error.contains("nodes.a") && error.contains("nodes.b") && !error.contains("link"), "{error}");
}
