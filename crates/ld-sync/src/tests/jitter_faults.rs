//! `apply_jitter` among faults: a delayed change is not lost, not late, and not early on all hosts.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::State;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use tokio::time::{Instant, sleep};

use super::jitter::{DRAWS, WINDOW, current, delayed, node};
use super::memory::Show;
use super::rig::{DRIFT, Rig};

#[tokio::test(start_paused = true)]
async fn a_file_removed_during_a_delay_is_restored_by_a_drift_search() {
    let rig = Rig::new();
    let running = current(&rig).await;
    for mzxid in 2..10 {
        rig.memory.set("/flags", &mzxid.to_string(), mzxid);
        delayed(&running).await;
        fs::remove_file(rig.path("flags")).unwrap();
        let missing = Instant::now();
        running.wait_for("flags", State::Current).await;
        assert!(missing.elapsed() <= DRIFT + Duration::from_secs(1), "{:?}", missing.elapsed());
        assert_eq!(rig.read("flags"), Some(mzxid.to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_session_keeps_the_delay_and_applies_the_latest_state() {
    let rig = Rig::new();
    let running = current(&rig).await;
    for round in 1..=10 {
        let change = Instant::now();
        rig.memory.set("/flags", "waits", 2 * round);
        delayed(&running).await;
        let latest = format!("latest {round}");
        rig.memory.set("/flags", &latest, 2 * round + 1);
        rig.memory.new_session();
        let status = running.wait_for("flags", State::Current).await;
        assert_eq!((rig.read("flags"), status.mzxid), (Some(latest), Some(2 * round + 1)));
        assert!(change.elapsed() <= WINDOW + Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_beyond_its_delay_each_host_draws_a_new_one() {
    for outage in [Outage::Unauthorized, Outage::Silent] {
        let rig = Rig::new();
        let mut at_once = 0;
        for round in 0..DRAWS {
            let name = format!("host{round}");
            rig.memory.set(&format!("/{name}"), "one", 1);
            let running = rig.start_nodes(vec![node(&rig, &name)]);
            running.wait_for(&name, State::Current).await;
            rig.memory.set(&format!("/{name}"), "two", 2);
            running.wait_at_once_for(&name, State::Delayed).await;
            match outage {
                Outage::Unauthorized => {
                    rig.memory.show(&format!("/{name}"), Show::NoAuth);
                    running.wait_for(&name, State::Unreadable).await;
                    sleep(WINDOW + OUTAGE).await;
                    rig.memory.set(&format!("/{name}"), "two", 2);
                }
                Outage::Silent => {
                    rig.memory.answer(false);
                    sleep(WINDOW + OUTAGE).await;
                    rig.memory.answer(true);
                }
            }
            let back = Instant::now();
            running.wait_for(&name, State::Current).await;
            assert!(back.elapsed() <= WINDOW + Duration::from_secs(1), "{:?}", back.elapsed());
            at_once += usize::from(back.elapsed() < Duration::from_secs(1));
        }
        assert!(at_once < DRAWS / 2, "{outage:?}: {at_once} of {DRAWS} hosts changed at once");
    }
}

/// More than a reading may take before it counts as held up.
const OUTAGE: Duration = Duration::from_secs(6);

#[derive(Debug, Clone, Copy)]
enum Outage {
    Unauthorized,
    Silent,
}

#[tokio::test(start_paused = true)]
async fn a_rejection_during_a_delay_holds_up_no_later_change() {
    let rig = Rig::new();
    let running = current(&rig).await;
    let first = Instant::now();
    rig.memory.set("/flags", "two", 2);
    delayed(&running).await;
    rig.memory.set("/flags", r#"{"live_data_watcher_load_type": "S3"}"#, 3);
    running.wait_for("flags", State::Rejected).await;
    sleep(WINDOW / 2).await;
    rig.memory.set("/flags", "four", 4);
    running.wait_for("flags", State::Current).await;
    assert_eq!(rig.read("flags").as_deref(), Some("four"));
    assert!(first.elapsed() <= WINDOW + Duration::from_secs(1), "{:?}", first.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_change_that_fails_after_its_delay_is_not_delayed_again() {
    let rig = Rig::new();
    let running = current(&rig).await;
    rig.memory.set("/flags", "two", 2);
    delayed(&running).await;
    // A directory in the file's place, by one step, so that no audit sees the file missing.
    fs::create_dir(rig.path("way")).unwrap();
    exchange(&rig.path("way"), &rig.path("flags"));
    running.wait_for("flags", State::Failing).await;
    sleep(WINDOW).await;
    let reads = rig.memory.reads();
    rig.memory.set("/flags", "three", 3);
    running.wait_until("the newer change to be read", || rig.memory.reads() > reads).await;
    exchange(&rig.path("way"), &rig.path("flags"));
    let healed = Instant::now();
    running.wait_for("flags", State::Current).await;
    assert!(healed.elapsed() <= Duration::from_secs(3), "{:?}", healed.elapsed());
    assert_eq!(rig.read("flags").as_deref(), Some("three"));
}

/// Swaps two names at one instant.
fn exchange(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}
