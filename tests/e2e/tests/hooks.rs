//! Hooks: what runs after a change of a file, and what does not wait for it.

mod end;
mod failures;
mod rig;
mod signals;

use std::fs;

use ld_testkit::{SOON, wait_until};

use rig::Rig;

#[test]
fn a_hook_runs_after_the_rename_and_is_told_what_happened() {
    let rig =
        Rig::new(&["flags"]).hook("flags", r#"echo "$LIVE_DATA_EVENT $(cat "$LIVE_DATA_PATH")" >> LOG"#);
    let watcher = rig.start();
    rig.wait_for_log(&["created 0"]);
    rig.set("flags", "1");
    rig.wait_for_log(&["created 0", "changed 1"]);
    rig.delete("flags");
    rig.wait_for_log(&["created 0", "changed 1", "deleted "]);
    rig.create("flags", "2");
    rig.wait_for_log(&["created 0", "changed 1", "deleted ", "created 2"]);
    // Repaired after another process changed it.
    fs::remove_file(rig.host.file("flags")).unwrap();
    rig.wait_for_log(&["created 0", "changed 1", "deleted ", "created 2", "changed 2"]);
    watcher.wait_for_stderr("nodes.flags: the hook ran (changed, ", SOON);
}

#[test]
fn a_hook_has_five_variables_and_path_and_its_arguments() {
    let rig =
        Rig::new(&["flags"]).hook("flags", "{ env; echo \"<$1> <$2> $#\"; pwd; } > LOG.new; mv LOG.new LOG");
    let command = format!("{} $HOME 'b", rig.program("flags").display());
    let rig = rig.setting("nodes.flags.on_change", command);
    let _watcher = rig.host.watcher().env_remove("HOME").env("SECRET_OF_OURS", "x").start();
    wait_until("the hook", SOON, || !rig.log().is_empty());
    let mut log = rig.log();
    let stat = rig.stat("flags");
    for line in [
        "LIVE_DATA_NODE=flags".to_owned(),
        format!("LIVE_DATA_PATH={}", rig.host.file("flags").display()),
        "LIVE_DATA_SOURCE=/flags".to_owned(),
        format!("LIVE_DATA_MZXID={:#x}", stat.mzxid),
        "LIVE_DATA_EVENT=created".to_owned(),
        "<$HOME> <'b> 2".to_owned(),
        "/".to_owned(),
    ] {
        let index = log.iter().position(|found| *found == line);
        log.remove(index.unwrap_or_else(|| panic!("{line} is missing: {log:?}")));
    }
    // What the shell sets by itself is no leak.
    log.retain(|line| !["PATH=", "PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|own| line.starts_with(own)));
    assert_eq!(log, [""; 0]);
}

#[test]
fn changes_during_a_run_cause_one_more_and_do_not_wait() {
    let rig = Rig::new(&["flags", "other"]).hook(
        "flags",
        r#"cat "$LIVE_DATA_PATH" >> LOG; echo >> LOG; while [ ! -e GATE ]; do sleep 0.01; done"#,
    );
    let _watcher = rig.start();
    rig.wait_for_log(&["0"]);
    for change in 1..=5 {
        rig.set("flags", &format!("{change}"));
        rig.host.wait_for("flags", format!("{change}"));
        rig.set("other", &format!("{change}"));
        rig.host.wait_for("other", format!("{change}"));
    }
    rig.open_gate();
    rig.wait_for_log(&["0", "5"]);
    rig.set("flags", "6");
    rig.wait_for_log(&["0", "5", "6"]);
}

#[test]
fn a_burst_of_a_group_runs_one_hook() {
    let names = ["one", "two", "three", "four"];
    let mut rig = Rig::new(&names);
    let command = rig.install("reload", "echo run >> LOG");
    for name in names {
        rig = rig
            .setting(&format!("nodes.{name}.on_change"), &command)
            .setting(&format!("nodes.{name}.hook_group"), "web")
            .setting(&format!("nodes.{name}.settle"), "1s");
    }
    let watcher = rig.start();
    rig.wait_for_log(&["run"]);
    for change in 1..=3 {
        for name in names {
            rig.set(name, &format!("{change}"));
            rig.host.wait_for(name, format!("{change}"));
        }
    }
    rig.wait_for_log(&["run", "run"]);
    watcher.wait_for_stderr("nodes.four (hook_group web): the hook ran (changed, ", SOON);
    rig.set("one", "end");
    rig.wait_for_log(&["run", "run", "run"]);
}

#[test]
fn a_hook_runs_at_a_start_only_if_it_is_wanted() {
    let rig = Rig::new(&["flags", "gone", "silent"]);
    rig.delete("gone");
    let text = r#"echo "$LIVE_DATA_NODE $LIVE_DATA_EVENT" >> LOG"#;
    let rig = rig.hook("flags", text).hook("silent", text).hook("gone", text);
    let rig = rig.setting("nodes.flags.on_start", "true").setting("nodes.gone.on_start", "true");
    let watcher = rig.start();
    // The file had to be written: one run, for that.
    rig.wait_for_sorted_log(&["flags created", "gone start", "silent created"]);
    rig.stop(&watcher);

    fs::remove_file(rig.log_file()).unwrap();
    let watcher = rig.start();
    rig.wait_for_sorted_log(&["flags start", "gone start"]);
    rig.set("silent", "1");
    rig.wait_for_sorted_log(&["flags start", "gone start", "silent changed"]);
    rig.stop(&watcher);
}

#[test]
fn a_reload_adds_changes_and_removes_hooks() {
    let rig = Rig::new(&["flags", "other"]);
    let watcher = rig.start();
    rig.wait_for_files("0");
    let inode = rig.host.inode("other");

    // A new hook of a node that is followed already.
    let rig = rig.hook("flags", "echo \"first $LIVE_DATA_EVENT\" >> LOG; exit 7");
    let rig = rig.setting("nodes.flags.on_change_retries", "0").setting("nodes.flags.on_start", "true");
    rig.reload(&watcher);
    rig.set("flags", "1");
    rig.wait_for_log(&["first changed"]);
    watcher.wait_for_stderr(
        "failed with exit code 7; the hook is not tried again before the next change or reload",
        SOON,
    );

    // A corrected hook runs for the change that is not done yet.
    let rig = rig.without("nodes.flags.on_").hook("flags", "echo \"second $LIVE_DATA_EVENT\" >> LOG");
    rig.reload(&watcher);
    rig.wait_for_log(&["first changed", "second changed"]);

    // No hook at all.
    let rig = rig.without("nodes.flags.on_").hook("other", "echo \"other $LIVE_DATA_EVENT\" >> LOG");
    rig.reload(&watcher);
    rig.set("flags", "2");
    rig.host.wait_for("flags", "2");
    assert_eq!(rig.host.inode("other"), inode, "a hook is no reason to write a file");
    rig.set("other", "2");
    rig.wait_for_log(&["first changed", "second changed", "other changed"]);
}

#[test]
fn new_sessions_make_no_event_of_a_file_that_is_right() {
    let rig = Rig::new(&["flags"]).hook("flags", r#"echo "$LIVE_DATA_EVENT" >> LOG"#);
    let rig = rig.setting("nodes.flags.on_start", "true");
    let watcher = rig.start();
    rig.wait_for_log(&["created"]);
    let rig = rig.setting("zookeeper.timeout", "9 seconds");
    rig.host.config();
    watcher.hang_up();
    watcher.wait_for_stderr("reloaded: new sessions with ", SOON);
    rig.set("flags", "1");
    rig.wait_for_log(&["created", "changed"]);
}

#[test]
fn once_runs_no_hook() {
    let rig = Rig::new(&["flags"]).hook("flags", "echo run >> LOG");
    assert_eq!(rig.host.once().run(SOON).code, Some(0));
    rig.host.wait_for("flags", "0");
    assert_eq!(rig.log(), [""; 0]);
}
