//! Rejected content, deletion and drift are handled and reported as configured.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::State;
use ld_config::{Format, NodeConfig, OnDelete, OnDrift};
use ld_zk::Absence;

use super::memory::Show;
use super::rig::{DRIFT, HEARTBEAT, Rig};

#[tokio::test(start_paused = true)]
async fn a_rejection_keeps_the_file_without_heartbeat_until_good() {
    let rig = Rig::new();
    let mut node = NodeConfig::new("flags", "/flags", rig.path("flags"));
    node.guards.format = Some(Format::Json);
    rig.memory.set("/flags", r#"{"good": 1}"#, 1);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;

    rig.memory.set("/flags", "topsecret {", 2);
    let status = running.wait_for("flags", State::Rejected).await;
    let reason = status.last_error.unwrap();
    assert!(reason.contains("not JSON") && !reason.contains("topsecret"), "{reason}");
    assert_eq!(rig.read("flags").as_deref(), Some(r#"{"good": 1}"#));
    let last = rig.mtime("flags");
    tokio::time::sleep(HEARTBEAT * 2 + Duration::from_secs(10)).await;
    assert_eq!(rig.mtime("flags"), last);

    rig.memory.set("/flags", r#"{"good": 2}"#, 3);
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some(r#"{"good": 2}"#));
}

#[tokio::test(start_paused = true)]
async fn content_too_large_to_read_is_rejected_with_its_size() {
    for (max_bytes, reason) in [
        (None, "it has 3,000 bytes, and zookeeper.max_read_bytes is 2000"),
        (Some(4000), "it has 3,000 bytes, and zookeeper.max_read_bytes is 2000"),
        (Some(1000), "it has 3,000 bytes, and max_bytes is 1000"),
    ] {
        let rig = Rig::new();
        let mut node = NodeConfig::new("flags", "/flags", rig.path("flags"));
        node.guards.max_bytes = max_bytes;
        rig.memory.set("/flags", "good", 1);
        let running = rig.start_nodes(vec![node]);
        running.wait_for("flags", State::Current).await;
        rig.memory.show("/flags", Show::TooLarge(3000, 2000));
        let status = running.wait_for("flags", State::Rejected).await;
        assert!(status.last_error.unwrap().contains(reason));
        assert_eq!(rig.read("flags").as_deref(), Some("good"));
        let last = rig.mtime("flags");
        tokio::time::sleep(HEARTBEAT * 2).await;
        assert_eq!(rig.mtime("flags"), last);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_cannot_run_is_tried_again_until_it_can() {
    let rig = Rig::new();
    let program = rig.path("check");
    let mut node = NodeConfig::new("flags", "/flags", rig.path("live/flags"));
    node.guards.check = Some(program.clone());
    rig.memory.set("/flags", "x", 1);
    let running = rig.start_nodes(vec![node]);
    let status = running.wait_for("flags", State::Failing).await;
    assert!(status.last_error.is_some_and(|error| error.contains("cannot run")));
    fs::copy("/bin/true", &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    running.wait_for("flags", State::Current).await;
}

// On the real clock: a paused one stands still while a check runs.
#[tokio::test]
async fn at_most_four_checks_run_and_delay_no_node_without_one() {
    const NODES: usize = 10;
    let rig = Rig::new();
    let (program, running_now, gate) = (rig.path("check"), rig.path("running"), rig.path("gate"));
    fs::create_dir(&running_now).unwrap();
    // Each check adds itself to `running`, counts the checks there, and waits for the gate.
    let script = format!(
        "#!/bin/sh\ncd {}\nmkdir running/$$\nls running | wc -l >> counts\n\
         turns=0; until [ -e gate ] || [ $((turns += 1)) -gt 300 ]; do sleep 0.02; done\nrmdir running/$$\n",
        rig.dir.path().display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let checked = (0..NODES).map(|index| {
        rig.memory.set(&format!("/{index}"), "x", 1);
        let mut node =
            NodeConfig::new(index.to_string(), format!("/{index}"), rig.path(&format!("live/{index}")));
        node.guards.check = Some(program.clone());
        node
    });
    rig.memory.set("/free", "x", 1);
    let free = NodeConfig::new("free", "/free", rig.path("live/free"));
    let running = rig.start_nodes(checked.chain([free]).collect());

    let count = || fs::read_dir(&running_now).unwrap().count();
    running.wait_until("four checks", || count() >= 4).await;
    running.wait_for("free", State::Current).await;
    // A fifth one would be counted by now.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(count(), 4);
    fs::write(&gate, "").unwrap();
    for index in 0..NODES {
        running.wait_for(&index.to_string(), State::Current).await;
    }
    let counts = fs::read_to_string(rig.path("counts")).unwrap();
    let most = counts.lines().map(|line| line.trim().parse::<usize>().unwrap()).max();
    assert_eq!((counts.lines().count(), most), (NODES, Some(4)), "{counts}");
}

// On the real clock, for the same reason.
#[tokio::test]
async fn a_dropped_engine_ends_its_checks() {
    let rig = Rig::new();
    let (program, shown) = (rig.path("check"), rig.path("shown"));
    let script = format!("#!/bin/sh\necho $$ > {0}.new\nmv {0}.new {0}\nexec sleep 60\n", shown.display());
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut node = NodeConfig::new("flags", "/flags", rig.path("live/flags"));
    node.guards.check = Some(program);
    rig.memory.set("/flags", "x", 1);
    let running = rig.start_nodes(vec![node]);
    running.wait_until("the check", || shown.exists()).await;
    let check = PathBuf::from("/proc").join(fs::read_to_string(&shown).unwrap().trim());
    assert!(check.exists());

    drop(running);
    let gone = async {
        while check.exists() || fs::read_dir(rig.path("live")).unwrap().count() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(5), gone).await.is_ok(), "it goes on");
}

#[tokio::test(start_paused = true)]
async fn a_file_kept_on_delete_has_no_heartbeat_until_a_node_returns() {
    let rig = Rig::new();
    let mut node = NodeConfig::new("flags", "/flags", rig.path("flags"));
    node.on_delete = OnDelete::Keep;
    rig.memory.set("/flags", "one", 1);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    rig.memory.show("/flags", Show::Absent(Absence::Deleted));
    running.wait_for("flags", State::Kept).await;
    let last = rig.mtime("flags");
    tokio::time::sleep(HEARTBEAT * 2 + Duration::from_secs(10)).await;
    assert_eq!((rig.read("flags").as_deref(), rig.mtime("flags")), (Some("one"), last));
    rig.memory.set("/flags", "two", 2);
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("two"));
}

#[tokio::test]
async fn a_missing_node_whose_kept_file_is_missing_too_is_absent() {
    let rig = Rig::new();
    let mut node = NodeConfig::new("flags", "/flags", rig.path("flags"));
    node.on_delete = OnDelete::Keep;
    rig.memory.show("/flags", Show::Absent(Absence::Deleted));
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Absent).await;
    assert_eq!(rig.read("flags"), None);
}

#[tokio::test(start_paused = true)]
async fn a_reported_drift_stops_the_heartbeat_until_the_node_changes() {
    let rig = Rig::new();
    let mut node = NodeConfig::new("flags", "/flags", rig.path("flags"));
    node.drift = OnDrift::Report;
    rig.memory.set("/flags", "one", 1);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    fs::remove_file(rig.path("flags")).unwrap();
    fs::write(rig.path("flags"), "edited").unwrap();
    let edited = rig.mtime("flags");
    let status = running.wait_for("flags", State::Drifted).await;
    assert!(status.last_error.is_some());
    tokio::time::sleep(HEARTBEAT * 2 + Duration::from_secs(10)).await;
    rig.memory.new_session();
    tokio::time::sleep(DRIFT * 2).await;
    assert_eq!((rig.read("flags").as_deref(), rig.mtime("flags")), (Some("edited"), edited));
    assert_eq!(running.status("flags").state, State::Drifted);

    rig.memory.set("/flags", "two", 2);
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("two"));
}

#[tokio::test(start_paused = true)]
async fn a_reported_drift_that_is_put_right_by_hand_is_current_again() {
    let rig = Rig::new();
    let mut node = NodeConfig::new("flags", "/flags", rig.path("flags"));
    node.drift = OnDrift::Report;
    node.mode = 0o644;
    rig.memory.set("/flags", "one", 1);
    let running = rig.start_nodes(vec![node]);
    running.wait_for("flags", State::Current).await;
    fs::write(rig.path("flags"), "edited").unwrap();
    running.wait_for("flags", State::Drifted).await;
    fs::write(rig.path("flags"), "one").unwrap();
    running.wait_for("flags", State::Current).await;
    let last = rig.mtime("flags");
    running.wait_until("heartbeats to go on", || rig.mtime("flags") > last).await;
}
