//! Which files the reactor writes itself: those that wait for no device.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use ld_sync::State;
use rustix::fs::statfs;

use crate::rig::Rig;

/// A runtime with a single thread for what blocks.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(1).build().unwrap()
}

fn is_in_memory(path: &Path) -> bool {
    statfs(path).unwrap().f_type == 0x0102_1994
}

/// Changes a file below `directory` while the thread for what blocks is busy; gives what the file holds then, and waits for
/// the change after that.
fn change_while_blocked(directory: &str, in_memory: bool) -> Option<String> {
    let rig = Rig::below(directory);
    assert_eq!(is_in_memory(rig.dir.path()), in_memory, "{directory}");
    rig.memory.set("/flags", "one", 1);
    runtime().block_on(async {
        let running = rig.start(&["flags"]);
        running.wait_for("flags", State::Current).await;
        let (release, busy) = mpsc::channel::<()>();
        let blocked = tokio::task::spawn_blocking(move || busy.recv());
        rig.memory.set("/flags", "two", 2);
        running.wait_until("the change to be read", || rig.memory.reads() == 2).await;
        // Whatever the reactor does by itself it has done when others have had many turns.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let held = rig.read("flags");
        drop(release);
        let _ = blocked.await.unwrap();
        running.wait_until("the change", || rig.read("flags").as_deref() == Some("two")).await;
        held
    })
}

#[test]
fn a_file_in_memory_is_written_while_every_thread_that_may_block_is_busy() {
    assert_eq!(change_while_blocked("/dev/shm", true).as_deref(), Some("two"));
}

#[test]
fn a_file_on_a_device_never_makes_the_reactor_wait() {
    let directory = env!("CARGO_TARGET_TMPDIR");
    if is_in_memory(Path::new(directory)) {
        println!("{directory} is in memory: there is no device to wait for");
        return;
    }
    assert_eq!(change_while_blocked(directory, false).as_deref(), Some("one"));
}

#[test]
fn a_directory_that_appears_later_is_judged_by_its_first_file() {
    let rig = Rig::below("/dev/shm");
    rig.memory.set("/flags", "one", 1);
    runtime().block_on(async {
        let node = ld_config::NodeConfig::new("flags", "/flags", rig.path("later/flags"));
        let running = rig.start_nodes(vec![node]);
        running.wait_for("flags", State::Current).await;
        let (release, busy) = mpsc::channel::<()>();
        let blocked = tokio::task::spawn_blocking(move || busy.recv_timeout(Duration::from_secs(60)));
        rig.memory.set("/flags", "two", 2);
        running.wait_until("the change", || rig.read("later/flags").as_deref() == Some("two")).await;
        drop(release);
        let _ = blocked.await.unwrap();
    });
}
