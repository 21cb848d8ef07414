//! Staged rollouts: which file a host has, and what its heartbeat means.

use std::time::Duration;

use ld_config::{Format, NodeConfig};
use ld_fleet::{RolloutPace, RolloutPlan, Share};
use ld_zk::Absence;

use super::memory::Show;
use super::rig::{HEARTBEAT, Rig, Running};
use crate::State;

const PLANS: &str = "/live-data/rollouts";
const PLAN: &str = "/live-data/rollouts/flags";
const CANDIDATE: &str = "/live-data/rollouts/flags/candidate";

/// The host of the rig takes part, and there is no rollout.
fn rig() -> Rig {
    let rig = Rig::new();
    rig.memory.set("/flags", "stable", 10);
    end(&rig);
    rig
}

fn node(rig: &Rig) -> NodeConfig {
    let mut node = NodeConfig::new("flags", "/flags", rig.path("flags"));
    node.rollout = true;
    node
}

fn plan(candidate: &str, share: Share) -> String {
    let (steps, max_bad) = (vec![Share::WHOLE], Share::NONE);
    let pace = RolloutPace { steps, soak: Duration::ZERO, max_bad, check: false };
    let by = (String::new(), String::new());
    let id = "0123456789abcdef".to_owned();
    let mut plan = RolloutPlan::new(id, "/flags", candidate.as_bytes(), pace, 10, by).unwrap();
    plan.share = share;
    String::from_utf8(plan.to_bytes()).unwrap()
}

fn start(rig: &Rig, candidate: &str) {
    rig.memory.set(CANDIDATE, candidate, 20);
    rig.memory.set(PLAN, &plan(candidate, Share::WHOLE), 20);
}

fn end(rig: &Rig) {
    for path in [PLAN, CANDIDATE] {
        rig.memory.show(path, Show::Absent(Absence::Confirmed));
    }
}

async fn wait_for_file(rig: &Rig, running: &Running, content: &str) {
    running.wait_until(content, || rig.read("flags").as_deref() == Some(content)).await;
    running.wait_for("flags", State::Current).await;
}

async fn two_heartbeats() {
    tokio::time::sleep(HEARTBEAT * 2 + Duration::from_secs(10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_candidate_comes_and_goes_and_leaves_the_stable_file() {
    let rig = rig();
    let running = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &running, "stable").await;
    start(&rig, "new");
    wait_for_file(&rig, &running, "new").await;
    assert_eq!(running.status("flags").mzxid, Some(20));
    end(&rig);
    wait_for_file(&rig, &running, "stable").await;
    assert_eq!(running.status("flags").mzxid, Some(10), "the version went back");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_starts_late_has_what_is_meant_for_it() {
    let rig = rig();
    start(&rig, "new");
    let first = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &first, "new").await;
    drop(first);
    end(&rig);
    let second = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &second, "stable").await;
}

#[tokio::test(start_paused = true)]
async fn a_promotion_rewrites_no_file_that_has_the_candidate() {
    let rig = rig();
    let running = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &running, "stable").await;
    start(&rig, "new");
    wait_for_file(&rig, &running, "new").await;
    let inode = rig.inode("flags");
    rig.memory.set("/flags", "new", 30);
    end(&rig);
    running.wait_until("the new version", || running.status("flags").mzxid == Some(30)).await;
    assert_eq!(rig.inode("flags"), inode);
    assert_eq!(running.status("flags").counts.applied, 2, "stable, then the candidate");
}

#[tokio::test(start_paused = true)]
async fn without_opt_in_only_the_node_itself_is_read() {
    let rig = rig();
    start(&rig, "new");
    let mut node = node(&rig);
    node.rollout = false;
    let running = rig.start_nodes(vec![node]);
    wait_for_file(&rig, &running, "stable").await;
    two_heartbeats().await;
    assert_eq!(rig.memory.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_plan_that_can_be_read_the_stable_content_lives() {
    let rig = rig();
    start(&rig, "new");
    let running = rig.start_nodes(vec![node(&rig)]);
    let text = |text: &str| Show::Present(text.into(), 21);
    let too_large = Show::TooLarge(1 << 20, 1 << 14);
    let other = plan("new", Share::WHOLE).replace("/flags", "/other");
    let later = plan("new", Share::WHOLE).replace("\"format\": 1", "\"format\": 2");
    for bad in [Show::NoAuth, too_large, text(""), text("{"), text(&other), text(&later)] {
        start(&rig, "new");
        wait_for_file(&rig, &running, "new").await;
        rig.memory.show(PLAN, bad);
        wait_for_file(&rig, &running, "stable").await;
        let last = rig.mtime("flags");
        running.wait_until("a heartbeat", || rig.mtime("flags") > last).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_candidate_of_the_plan_the_stable_content_lives() {
    let rig = rig();
    start(&rig, "new");
    let running = rig.start_nodes(vec![node(&rig)]);
    let too_large = Show::TooLarge(1 << 20, 1 << 14);
    let absent = Show::Absent(Absence::Confirmed);
    for bad in [absent, Show::NoAuth, too_large, Show::Present("other".into(), 21)] {
        start(&rig, "new");
        wait_for_file(&rig, &running, "new").await;
        rig.memory.show(CANDIDATE, bad);
        wait_for_file(&rig, &running, "stable").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_node_takes_its_file_along_during_a_rollout() {
    let rig = rig();
    start(&rig, "new");
    let running = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &running, "new").await;
    rig.memory.show("/flags", Show::Absent(Absence::Confirmed));
    running.wait_for("flags", State::Absent).await;
    assert_eq!(rig.read("flags"), None);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_candidate_leaves_the_stable_file() {
    let rig = rig();
    rig.memory.set("/flags", "{}", 10);
    let mut node = node(&rig);
    node.guards.format = Some(Format::Json);
    let running = rig.start_nodes(vec![node]);
    wait_for_file(&rig, &running, "{}").await;
    start(&rig, "{");
    running.wait_for("flags", State::Rejected).await;
    assert_eq!(rig.read("flags").as_deref(), Some("{}"));
    end(&rig);
    wait_for_file(&rig, &running, "{}").await;
}

#[tokio::test(start_paused = true)]
async fn a_read_only_server_gives_no_candidate() {
    let rig = rig();
    let running = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &running, "stable").await;
    rig.memory.show("/flags", Show::ReadOnly("stable".into(), 10));
    rig.memory.show(CANDIDATE, Show::ReadOnly("new".into(), 20));
    rig.memory.show(PLAN, Show::ReadOnly(plan("new", Share::WHOLE).into(), 20));
    two_heartbeats().await;
    assert_eq!(rig.read("flags").as_deref(), Some("stable"));
}

#[tokio::test(start_paused = true)]
async fn a_read_only_server_takes_no_candidate_away() {
    let rig = rig();
    start(&rig, "new");
    let running = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &running, "new").await;
    rig.memory.show("/flags", Show::ReadOnly("stable".into(), 10));
    running.wait_for("flags", State::Unverified).await;
    assert_eq!(rig.read("flags").as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_plan_or_the_candidate_stops_the_heartbeat() {
    for (path, content) in [(PLAN, plan("new", Share::NONE)), (CANDIDATE, "other".to_owned())] {
        let rig = rig();
        start(&rig, "new");
        let running = rig.start_nodes(vec![node(&rig)]);
        wait_for_file(&rig, &running, "new").await;
        let mtime = rig.mtime("flags");
        // The change is known when the proof is, and the node cannot be read meanwhile.
        rig.memory.show_when_confirming(path, Show::Present(content.into(), 30));
        rig.memory.silence("/flags");
        two_heartbeats().await;
        assert_eq!((rig.read("flags").as_deref(), rig.mtime("flags")), (Some("new"), mtime), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_may_not_read_plans_says_so_before_a_rollout() {
    let rig = rig();
    rig.memory.show(PLANS, Show::NoAuth);
    let running = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &running, "stable").await;
    let status = running.status("flags");
    let why = format!("{PLANS} cannot be read: not authorized");
    assert!(!status.rollout && status.no_rollout.unwrap().starts_with(&why));
    let last = rig.mtime("flags");
    running.wait_until("a heartbeat", || rig.mtime("flags") > last).await;
    // It is permitted.
    rig.memory.set(PLANS, "", 1);
    running.wait_until("the node takes part", || running.status("flags").rollout).await;
    assert_eq!(running.status("flags").no_rollout, None);
    // The plan itself is forbidden.
    start(&rig, "new");
    wait_for_file(&rig, &running, "new").await;
    rig.memory.show(PLAN, Show::NoAuth);
    running.wait_until("the node takes no part", || !running.status("flags").rollout).await;
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_may_be_read_is_read_once() {
    let rig = rig();
    rig.memory.set(PLANS, "", 1);
    let running = rig.start_nodes(vec![node(&rig)]);
    wait_for_file(&rig, &running, "stable").await;
    let reads = rig.memory.reads();
    rig.memory.set("/flags", "second", 11);
    wait_for_file(&rig, &running, "second").await;
    assert_eq!(rig.memory.reads() - reads, 2, "the plan and the node");
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_too_long_for_a_plan_takes_no_part() {
    let rig = rig();
    let path = format!("/{}", "long".repeat(4_090));
    rig.memory.set(&path, "stable", 10);
    let mut node = NodeConfig::new("flags", &path, rig.path("flags"));
    node.rollout = true;
    let running = rig.start_nodes(vec![node]);
    wait_for_file(&rig, &running, "stable").await;
    let status = running.status("flags");
    assert!(!status.rollout);
    assert_eq!(status.no_rollout.as_deref(), Some("the path is too long for rollouts"));
}

#[tokio::test(start_paused = true)]
async fn a_reload_switches_rollouts_on_and_off() {
    let rig = rig();
    start(&rig, "new");
    let mut node = node(&rig);
    let running = rig.start_nodes(vec![node.clone()]);
    wait_for_file(&rig, &running, "new").await;
    for (rollout, content) in [(false, "stable"), (true, "new")] {
        node.rollout = rollout;
        running.engine.set_nodes(vec![node.clone()]).await.unwrap();
        wait_for_file(&rig, &running, content).await;
    }
}
