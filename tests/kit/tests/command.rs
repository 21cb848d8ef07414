//! Commands: output, exit, users, limits and host names.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ld_testkit::{HostsFile, TempDir, TestCommand};

const LIMIT: Duration = Duration::from_secs(20);

fn shell(script: &str) -> TestCommand {
    TestCommand::new("sh").args(["-c", script])
}

fn root() -> bool {
    shell("id -u").run(LIMIT).stdout.trim() == "0"
}

#[test]
fn a_command_has_its_input_environment_and_directory() {
    let directory = TempDir::new();
    let output = shell("cat; echo $COLOUR ${HOME-none}; pwd >&2; exit 3")
        .stdin("input\n")
        .env("COLOUR", "green")
        .env_remove("HOME")
        .current_dir(directory.path())
        .run(LIMIT);
    assert_eq!((output.code, output.stdout.as_str()), (Some(3), "input\ngreen none\n"));
    assert_eq!(output.stderr.trim(), directory.path().to_str().unwrap());
}

#[test]
fn a_command_that_does_not_end_is_killed_with_its_output() {
    let daemon = shell("echo a sign of life; exec sleep 60").start();
    daemon.wait_for_stdout("life", LIMIT);
    let id = daemon.id();
    let message = catch_unwind(AssertUnwindSafe(|| daemon.wait(Duration::from_millis(50)))).unwrap_err();
    assert!(message.downcast_ref::<String>().unwrap().contains("a sign of life"));
    drop(daemon);
    assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
}

#[test]
fn a_daemon_can_be_frozen_thawed_and_ended() {
    let daemon = shell("trap 'echo bye >&2; exit 7' TERM; echo up; while :; do sleep 0.02; done").start();
    daemon.wait_for_stdout("up", LIMIT);
    daemon.freeze();
    daemon.terminate();
    assert!(daemon.is_running());
    daemon.thaw();
    daemon.wait_for_stderr("bye", LIMIT);
    assert_eq!(daemon.wait(LIMIT).code(), Some(7));
}

#[test]
fn a_daemon_that_ends_too_early_is_noticed_at_once() {
    let daemon = shell("echo oops >&2; exit 1").start();
    let wait = AssertUnwindSafe(|| daemon.wait_for_stderr("ready", Duration::from_secs(3600)));
    let message = catch_unwind(wait).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("exit code 1") && message.contains("oops"), "{message}");
}

#[test]
fn a_limit_applies() {
    assert_eq!(shell("ulimit -n").limit("nofile", 33).run(LIMIT).stdout, "33\n");
}

#[test]
fn a_limit_can_be_set_while_the_command_runs() {
    let daemon = shell("while [ $(ulimit -Sn) != 33 ]; do sleep 0.01; done").start();
    assert_eq!(daemon.threads(), 1);
    daemon.limit("nofile", 33);
    assert_eq!(daemon.wait(LIMIT).code(), Some(0));
}

#[test]
fn another_user_has_only_the_given_capabilities() {
    assert!(root(), "this test needs root: it changes the user");
    let script = "id -u; id -g; grep CapEff /proc/self/status";
    let plain = shell(script).user(4321, 1234).limit("nofile", 50).run(LIMIT);
    assert_eq!(plain.stdout, "4321\n1234\nCapEff:\t0000000000000000\n", "{}", plain.stderr);
    let able = shell(script).user_with_capabilities(4321, 1234, &["chown", "fowner"]).run(LIMIT);
    assert_eq!(able.stdout, "4321\n1234\nCapEff:\t0000000000000009\n", "{}", able.stderr);
}

#[test]
fn names_resolve_by_a_hosts_file_that_may_change() {
    assert!(root(), "this test needs root: it makes a mount namespace");
    let (first, second) = ("127.0.0.11".parse().unwrap(), "127.0.0.12".parse().unwrap());
    let hosts = HostsFile::new(&[("zk.test", first), ("many.test", first), ("many.test", second)]);
    let ask = "getent ahostsv4 $0 | grep STREAM | cut -d' ' -f1 | sort";
    let lookup = |name: &str| shell(ask).arg(name).hosts(&hosts).run(LIMIT).stdout;
    assert_eq!(lookup("zk.test"), "127.0.0.11\n");
    assert_eq!(lookup("many.test"), "127.0.0.11\n127.0.0.12\n");
    assert_eq!(lookup("localhost.test"), "");
    let daemon =
        shell("while :; do getent ahostsv4 zk.test | grep STREAM; sleep 0.02; done").hosts(&hosts).start();
    daemon.wait_for_stdout("127.0.0.11", LIMIT);
    hosts.set(&[("zk.test", second)]);
    daemon.wait_for_stdout("127.0.0.12", LIMIT);
}

#[test]
#[should_panic(expected = "the program prints a secret: user:planted-password")]
fn a_program_that_prints_a_secret_fails_its_test() {
    TestCommand::new("sh").args(["-c", "echo user:planted-password >&2"]).run(LIMIT);
}
