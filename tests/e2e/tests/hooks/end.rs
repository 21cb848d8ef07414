//! The end of the watcher while a hook runs, and hooks below a watcher that is process 1.

use std::fs;

use ld_testkit::{SOON, wait_for, wait_until};

use super::rig::Rig;
use crate::pid_1::CONTAINER;

fn is_running(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

#[test]
fn a_hook_that_runs_at_the_end_gets_its_time() {
    let rig = Rig::new(&["flags"])
        .hook("flags", "echo begun >> LOG; while [ ! -e GATE ]; do sleep 0.01; done; echo done >> LOG");
    let watcher = rig.start();
    rig.wait_for_log(&["begun"]);
    watcher.terminate();
    watcher.wait_for_stderr("SIGTERM: ending", SOON);
    rig.open_gate();
    assert_eq!(watcher.wait(SOON).code(), Some(0));
    assert_eq!(rig.log(), ["begun", "done"]);
}

#[test]
fn a_hook_that_hangs_at_the_end_is_killed() {
    let rig = Rig::new(&["flags"]).hook("flags", "echo $$ >> LOG; sleep 600; :");
    let watcher = rig.start();
    let hook = wait_for("the hook", SOON, || rig.log().pop());
    rig.stop(&watcher);
    assert!(!is_running(&hook), "{}", watcher.stderr());
    assert!(
        watcher.stderr().contains("flags.hook was killed, since the watcher ends"),
        "{}",
        watcher.stderr()
    );
}

#[test]
fn a_killed_watcher_of_a_container_takes_its_hook_along() {
    let rig = Rig::new(&["flags"]).hook("flags", "exec sleep 600.25");
    let container = rig.host.watcher().wrapped_by(CONTAINER).start();
    let find = || {
        let names =
            fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let is_hook = |name: &String| {
            fs::read(format!("/proc/{name}/cmdline")).is_ok_and(|line| line.ends_with(b"sleep\x00600.25\0"))
        };
        names.into_iter().find(is_hook)
    };
    let hook = wait_for("the hook", SOON, find);
    container.kill();
    wait_until("the hook to be gone", SOON, || !is_running(&hook));
}

#[test]
fn as_pid_1_it_reads_the_exits_of_hooks_and_reaps_the_rest() {
    // It leaves one process behind in another session, and one in its own.
    let rig = Rig::new(&["flags"]).hook("flags", "setsid sleep 0.05 &\nsleep 600 &\necho run >> LOG");
    let container = rig.host.watcher().wrapped_by(CONTAINER).start();
    rig.wait_for_log(&["run"]);
    for change in 1..=10 {
        rig.set("flags", &format!("{change}"));
        wait_until("the hook", SOON, || rig.log().len() == change + 1);
    }
    let ran = |log: &str| log.matches("the hook ran").count();
    container.wait_until("the last run", SOON, |container| ran(&container.stderr()) == 11);
    let watcher = crate::pid_1::first_process(&container);
    wait_until("no child to be left", SOON, || crate::pid_1::children(&watcher).is_empty());
}
