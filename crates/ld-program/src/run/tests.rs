//! What becomes of programs and their output.

use std::fs;
use std::path::Path;

use super::*;
use crate::Programs;

const LIMIT: Duration = Duration::from_secs(10);

fn shell(text: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    clear_environment(&mut command);
    command.args(["-c", text]);
    command
}

fn run_for(limit: Duration, text: &str) -> Ended {
    Programs::default().begin().unwrap().run(shell(text), limit).unwrap()
}

/// Waits until the process with the id in `marker` is no more, or only its exit status.
#[track_caller]
fn wait_until_gone(marker: &Path) {
    let process: i32 = fs::read_to_string(marker).unwrap().trim().parse().unwrap();
    let deadline = Instant::now() + LIMIT;
    while fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z")) {
        assert!(Instant::now() < deadline, "process {process} still runs");
        std::thread::yield_now();
    }
}

#[test]
fn a_program_that_writes_without_end_is_not_blocked() {
    // Far more than a pipe holds, on both outputs.
    let text = "head -c 50000000 /dev/zero; head -c 50000000 /dev/zero >&2";
    assert!(matches!(run_for(LIMIT, text), Ended::Itself(status) if status.success()));
    let endless = "yes >&2 & exec yes";
    assert_eq!(run_for(Duration::from_millis(500), endless), Ended::Late);

    let programs = Programs::default();
    let mut read = 0;
    let ended = programs.begin().unwrap().run_with_output(shell(text), LIMIT, |piece| read += piece.len());
    assert!(matches!(ended.unwrap(), Ended::Itself(status) if status.success()));
    assert_eq!(read, 100_000_000);
    let limit = Duration::from_millis(500);
    let ended = programs.begin().unwrap().run_with_output(shell(endless), limit, |_| ());
    assert_eq!(ended.unwrap(), Ended::Late);
}

#[test]
fn output_of_both_kinds_is_given_to_the_end() {
    let programs = Programs::default();
    let mut output = String::new();
    // The sleep in another session holds the pipe open.
    let text = "setsid sleep 20 & echo one; echo two >&2; printf three; exit 3";
    let ended = programs.begin().unwrap().run_with_output(shell(text), LIMIT, |piece| {
        output.push_str(std::str::from_utf8(piece).unwrap());
    });
    assert!(matches!(ended.unwrap(), Ended::Itself(status) if status.code() == Some(3)));
    assert_eq!(output, "one\ntwo\nthree");
}

#[test]
fn a_program_has_its_output_twice_and_no_terminal() {
    let programs = Programs::default();
    let mut output = String::new();
    let text = "for fd in /proc/$$/fd/*; do [ $fd -ef /proc/$$/fd/1 ] && basename $fd; done
        (: < /dev/tty) 2> /dev/null || echo no terminal";
    let ended = programs.begin().unwrap().run_with_output(shell(text), LIMIT, |piece| {
        output.push_str(std::str::from_utf8(piece).unwrap());
    });
    assert!(matches!(ended.unwrap(), Ended::Itself(_)));
    assert_eq!(output, "1\n2\nno terminal\n");
}

#[test]
fn a_late_program_is_killed_with_all_groups_of_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let marker = dir.path().join("pid");
    // `timeout` makes a process group of its own.
    let text = format!("timeout 600 sh -c 'echo $$ > {}; sleep 600; :'", marker.display());
    assert_eq!(run_for(Duration::from_millis(1_500), &text), Ended::Late);
    wait_until_gone(&marker);
}

#[test]
fn what_a_program_leaves_behind_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let marker = dir.path().join("pid");
    let text = format!("sleep 600 & echo $! > {}", marker.display());
    assert!(matches!(run_for(LIMIT, &text), Ended::Itself(status) if status.success()));
    wait_until_gone(&marker);
}
