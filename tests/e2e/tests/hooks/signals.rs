//! Signals to the processes of pid files, and to systemd units.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use ld_testkit::{Daemon, SOON, TestCommand, wait_until};

use super::rig::Rig;

/// An application that writes its pid file, and a line for each SIGUSR1. A shell cannot trap a
/// signal that is ignored when it starts, as SIGHUP is below nohup.
fn application(rig: &Rig) -> Daemon {
    let script = "trap 'echo reloaded >> LOG' USR1; echo $$ > PID.new; mv PID.new PID
        while :; do sleep 0.05; done";
    let pid_file = rig.host.path("app.pid");
    let program = rig.install("app", &script.replace("PID", pid_file.to_str().unwrap()));
    let application = TestCommand::new(program).start();
    wait_until("the pid file", SOON, || pid_file.exists());
    application
}

#[test]
fn the_process_of_a_pid_file_gets_the_signal() {
    let rig = Rig::new(&["flags"]);
    let _application = application(&rig);
    let target = format!("SIGUSR1:{}", rig.host.path("app.pid").display());
    let rig = rig.setting("nodes.flags.signal", target);
    let watcher = rig.start();
    rig.wait_for_log(&["reloaded"]);
    rig.set("flags", "1");
    rig.wait_for_log(&["reloaded", "reloaded"]);
    watcher.wait_for_stderr("nodes.flags: the hook ran (changed, ", SOON);
}

#[test]
fn a_pid_file_of_a_former_process_is_not_trusted() {
    let rig = Rig::new(&["flags"]);
    let application = application(&rig);
    let pid_file = rig.host.path("app.pid");
    // As a process left it that had this number before.
    let file = File::options().write(true).open(&pid_file).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    let rig = rig.setting("nodes.flags.signal", format!("SIGTERM:{}", pid_file.display()));
    let rig = rig.setting("nodes.flags.on_change_retries", "0");
    let watcher = rig.start();
    watcher.wait_for_stderr("app.pid' is not trusted: process ", SOON);
    watcher.wait_for_stderr("so that another one is meant; the hook is not tried again", SOON);
    assert!(application.is_running());
}

#[test]
fn a_program_that_fails_sends_no_signal() {
    let rig = Rig::new(&["flags"]).hook("flags", "[ -e GATE ]");
    let _application = application(&rig);
    let target = format!("SIGUSR1:{}", rig.host.path("app.pid").display());
    let rig = rig.setting("nodes.flags.signal", target);
    let rig = rig.setting("nodes.flags.on_change_retries", "0");
    let watcher = rig.start();
    watcher.wait_for_stderr("failed with exit code 1; the hook is not tried again", SOON);
    assert_eq!(rig.log(), [""; 0]);
    rig.open_gate();
    rig.set("flags", "1");
    rig.wait_for_log(&["reloaded"]);
}

#[test]
fn a_unit_gets_the_signal_by_systemctl() {
    let rig = Rig::new(&["flags"]);
    let script = rig.install("systemctl", r#"echo "$@" >> LOG; echo 'no such unit' >&2; [ -e GATE ]"#);
    let directory = rig.host.path("bin");
    fs::create_dir(&directory).unwrap();
    std::os::unix::fs::symlink(script, directory.join("systemctl")).unwrap();
    let rig = rig.setting("nodes.flags.signal", "SIGUSR1:app@one.service");
    let rig = rig.setting("nodes.flags.on_change_retries", "0");
    let watcher = rig.host.watcher().env("PATH", format!("{}:/usr/bin:/bin", directory.display())).start();
    let call = "kill --kill-who=main --signal=SIGUSR1 app@one.service";
    rig.wait_for_log(&[call]);
    watcher.wait_for_stderr("nodes.flags: output: no such unit\n", SOON);
    watcher.wait_for_stderr("the hook systemctl failed with exit code 1", SOON);
    rig.open_gate();
    rig.set("flags", "1");
    rig.wait_for_log(&[call, call]);
    watcher.wait_for_stderr("nodes.flags: the hook ran (changed, ", SOON);
}
