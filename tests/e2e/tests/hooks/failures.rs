//! Hooks that fail, hang and flood.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ld_testkit::{SOON, TestCommand, binary, wait_for, wait_until};

use super::rig::Rig;
use crate::status::{get, status_address};

/// Far more than the log lines of a watcher with few nodes.
const MOST_LOGGED: usize = 60_000;

#[test]
fn a_hook_that_fails_is_run_again_until_it_succeeds() {
    let rig = Rig::new(&["flags"]).hook("flags", "echo run >> LOG; [ $(wc -l < LOG) -ge 3 ] || exit 3");
    let watcher = rig.start();
    rig.wait_for_log(&["run"; 3]);
    watcher.wait_for_stderr("nodes.flags: the hook ran (created, ", SOON);
    let log = watcher.stderr();
    assert!(log.contains("flags.hook failed with exit code 3; the hook is tried again in "), "{log}");
    assert!(
        log.contains(" ms, 5 more times at most\n") && log.contains(" ms, 4 more times at most\n"),
        "{log}"
    );
}

#[test]
fn a_hook_is_given_up_until_the_next_change() {
    let rig = Rig::new(&["flags"]).hook("flags", "echo run >> LOG; kill -9 $$");
    let rig = rig.setting("nodes.flags.on_change_retries", "1");
    let watcher = rig.start();
    watcher.wait_for_stderr(
        "was ended by signal 9; the hook is not tried again before the next change or reload",
        SOON,
    );
    rig.wait_for_log(&["run"; 2]);
    rig.set("flags", "1");
    rig.wait_for_log(&["run"; 4]);
    rig.host.wait_for("flags", "1");
}

#[test]
fn a_reload_runs_a_hook_again_that_was_given_up() {
    let rig = Rig::new(&["flags", "good"]).hook("flags", "[ -e GATE ] && echo flags >> LOG");
    let rig = rig.hook("good", "echo good >> LOG").setting("nodes.flags.on_change_retries", "0");
    let watcher = rig.start();
    watcher
        .wait_for_stderr("exit code 1; the hook is not tried again before the next change or reload", SOON);
    rig.wait_for_log(&["good"]);
    rig.open_gate();
    rig.reload(&watcher);
    rig.wait_for_log(&["good", "flags"]);
}

#[test]
fn a_hook_that_is_removed_and_comes_back_does_not_overlap() {
    let script = "echo start >> LOG; while [ ! -e GATE ]; do sleep 0.02; done; echo end >> LOG";
    let rig = Rig::new(&["flags", "other"]).hook("flags", script);
    let watcher = rig.start();
    rig.wait_for_log(&["start"]);
    let rig = rig.without("nodes.flags.");
    rig.reload(&watcher);
    rig.set("flags", "1");
    let rig = rig.node("flags").hook("flags", script).hook("other", "echo other >> LOG");
    rig.reload(&watcher);
    rig.host.wait_for("flags", "1");
    rig.set("other", "1");
    rig.wait_for_log(&["start", "other"]);
    rig.open_gate();
    rig.wait_for_log(&["start", "other", "end", "start", "end"]);
}

#[test]
fn a_hook_that_hangs_is_killed_and_holds_up_nothing() {
    let rig = Rig::new(&["flags", "other"]).hook("flags", "sleep 600 & echo $! > LOG; wait");
    let rig = rig.hook("other", "exit 0").setting("nodes.flags.on_change_retries", "0");
    let rig = rig.setting("nodes.flags.on_change_timeout", "2 seconds");
    let watcher = rig.start();
    let child = wait_for("the hook", SOON, || rig.log().pop());
    rig.set("flags", "1");
    rig.set("other", "1");
    rig.host.wait_for("flags", "1");
    rig.host.wait_for("other", "1");
    watcher.wait_for_stderr("nodes.other: the hook ran (changed, ", SOON);
    assert!(!watcher.stderr().contains("was killed"), "{}", watcher.stderr());
    watcher.wait_for_stderr("flags.hook was killed after 2 s, its limit", SOON);
    wait_until("the child of the hook to be gone", SOON, || {
        let stat = fs::read_to_string(format!("/proc/{child}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z"))
    });
}

#[test]
fn a_hook_that_floods_is_cut_and_its_lines_are_escaped() {
    let rig = Rig::new(&["flags"])
        .hook("flags", r"printf 'a\033[2Jb\n'; exec yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2");
    let rig = rig.setting("nodes.flags.on_change_timeout", "500ms");
    let rig = rig.setting("nodes.flags.on_change_retries", "0");
    let watcher = rig.start();
    watcher.wait_for_stderr("was killed after 0.5 s", SOON);
    let log = watcher.stderr();
    assert!(log.contains(r"nodes.flags: output: a\u{1b}[2Jb"), "{log}");
    assert!(log.contains("more bytes are not shown"), "{log}");
    assert!(log.len() < MOST_LOGGED, "{} bytes", log.len());
    rig.set("flags", "1");
    rig.host.wait_for("flags", "1");
}

#[test]
fn a_hook_that_cannot_run_says_why() {
    let rig = Rig::new(&["flags"]);
    let missing = rig.program("missing");
    let rig = rig.setting("nodes.flags.on_change", missing.display().to_string());
    let watcher = rig.start();
    watcher.wait_for_stderr("missing.hook cannot run: No such file or directory", SOON);
    rig.host.wait_for("flags", "0");
}

#[test]
fn a_hook_that_others_may_write_warns() {
    let rig = Rig::new(&["flags"]).hook("flags", "exit 0");
    fs::set_permissions(rig.program("flags"), fs::Permissions::from_mode(0o722)).unwrap();
    let watcher = rig.start();
    watcher.wait_for_stderr("flags.hook: others may change this file: its mode 0722 lets ", SOON);
}

#[test]
fn a_failing_hook_shows_in_metrics_and_status_and_heals() {
    let rig = Rig::new(&["flags"]).hook("flags", "[ -e GATE ] || exit 4");
    let rig = rig.setting("nodes.flags.on_change_retries", "0").setting("status.listen", "127.0.0.1:0");
    let watcher = rig.start();
    let address = status_address(&watcher);
    let wait_for_samples = |samples: &[&str]| {
        wait_until(&format!("{samples:?}"), SOON, || {
            let metrics = get(&address, "/metrics");
            samples.iter().all(|sample| metrics.contains(sample))
        });
    };
    let failed = "live_data_hook_runs_total{node=\"flags\",result=\"failed\"} 1\n";
    wait_for_samples(&[failed, "live_data_hooks_failing 1"]);
    let report = get(&address, "/status");
    assert!(report.contains("failed with exit code 4\"") && report.contains("\"good\":true"), "{report}");

    // The command asks the address of the configuration.
    let rig = rig.setting("status.listen", &address);
    let config = rig.host.config();
    let status = TestCommand::new(binary("live-data-watcher")).arg("status").arg(config).run(SOON);
    assert!(status.stdout.contains("hook: the hook ") && status.code == Some(0), "{}", status.stdout);

    rig.open_gate();
    rig.set("flags", "1");
    let succeeded = "live_data_hook_runs_total{node=\"flags\",result=\"succeeded\"} 1\n";
    wait_for_samples(&[failed, succeeded, "live_data_hooks_failing 0"]);
    assert!(get(&address, "/status").contains("\"hook_error\":null"));
}
