//! More than a thousand nodes: all are followed, and those that wait delay no other.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::State;
use ld_config::NodeConfig;

use super::rig::{Rig, Running};

/// More nodes than any limit on concurrent work.
const MANY: usize = 1100;

/// Many nodes with the settings that `hold` makes, and one more at their end.
fn start(rig: &Rig, hold: impl Fn(&mut NodeConfig)) -> Running {
    let node = |name: &str| {
        rig.memory.set(&format!("/{name}"), "one", 1);
        NodeConfig::new(name, format!("/{name}"), rig.path(name))
    };
    let mut nodes: Vec<_> = (0..MANY).map(|number| node(&format!("node{number}"))).collect();
    nodes.iter_mut().for_each(hold);
    nodes.push(node("last"));
    rig.start_nodes(nodes)
}

#[tokio::test(start_paused = true)]
async fn many_nodes_become_files_and_follow_every_change() {
    let rig = Rig::new();
    let running = start(&rig, |_| ());
    for (content, mzxid) in [("one", 1), ("two", 2)] {
        let names = (0..MANY).map(|number| format!("node{number}"));
        names.clone().for_each(|name| rig.memory.set(&format!("/{name}"), content, mzxid));
        let right = |name: String| rig.read(&name).as_deref() == Some(content);
        running.wait_until("all files", || names.clone().all(right)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_without_a_session_delay_no_other_node() {
    let rig = Rig::new();
    let running = start(&rig, |node| rig.memory.silence(&node.source));
    running.wait_for("last", State::Current).await;
    rig.memory.set("/last", "two", 2);
    running.wait_until("the change", || rig.read("last").as_deref() == Some("two")).await;
    assert_eq!(running.status("node0").state, State::Waiting);
}

// On the real clock: a paused one stands still while a check runs.
#[tokio::test]
async fn nodes_with_slow_checks_delay_no_other_node() {
    let rig = Rig::new();
    let program = rig.path("check");
    // It ends with the engine.
    fs::write(&program, "#!/bin/sh\nexec sleep 300\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let running = start(&rig, |node| node.guards.check = Some(program.clone()));
    running.wait_for("last", State::Current).await;
    assert_eq!(running.status("node0").state, State::Waiting);
}
