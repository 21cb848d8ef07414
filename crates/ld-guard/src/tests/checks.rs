//! What a check sees, and what its end says.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ld_config::Guards;

use super::{Place, rejection, wait_until, wait_until_gone, write_script};
use crate::{Checks, Error, judge};

#[test]
fn a_check_sees_the_content_and_accepts_with_exit_code_0() {
    let place = Place::new();
    let guards = place.check("#!/bin/sh\ngrep -q good \"$1\"\n");
    place.judge(&guards, "all good here").unwrap();
    let reason = rejection(place.judge(&guards, "topsecret"));
    assert!(reason.contains("exit code 1") && !reason.contains("topsecret"), "{reason}");
    assert_eq!(place.files(), 0);
}

#[test]
fn a_check_has_only_path_and_one_file() {
    let place = Place::new();
    let seen = place.path("seen");
    let guards =
        place.check(&format!("#!/bin/sh\n{{ env; stat -c mode=%a \"$1\"; pwd; }} > {}\n", seen.display()));
    place.judge(&guards, "x").unwrap();
    let seen = fs::read_to_string(seen).unwrap();
    // What the shell sets by itself is no leak.
    let variables: Vec<_> =
        seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(variables.contains(&"PATH") && seen.contains("mode=600"), "{seen}");
    assert!(!variables.contains(&"HOME") && !variables.contains(&"CARGO_MANIFEST_DIR"), "{seen}");
}

#[test]
fn a_check_has_its_own_session_and_no_terminal() {
    let place = Place::new();
    let seen = place.path("seen");
    // Fields 5 and 6 of a process's stat are its group and its session, and field 7 is its
    // terminal.
    let script = "echo $$ $$ 0 > SEEN; cut -d ' ' -f 5-7 /proc/$$/stat >> SEEN; (: < /dev/tty) 2>> SEEN; :";
    let script = script.replace("SEEN", seen.to_str().unwrap());
    place.judge(&place.check(&format!("#!/bin/sh\n{script}\n")), "x").unwrap();
    let seen = fs::read_to_string(seen).unwrap();
    let lines: Vec<_> = seen.lines().collect();
    assert_eq!(lines[0], lines[1], "{seen}");
    assert!(lines[2].contains("/dev/tty"), "it opens no terminal: {seen}");
}

#[test]
fn a_check_has_dev_null_three_times_and_nothing_of_ours() {
    let place = Place::new();
    let seen = place.path("seen");
    let script = format!("#!/bin/sh\nexec ls -l /proc/self/fd > {}\n", seen.display());
    // As in a watcher at work: a file, a socket and a pipe are open here.
    let file = fs::File::open("/dev/zero").unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (pipe, _writer) = std::io::pipe().unwrap();
    place.judge(&place.check(&script), "x").unwrap();
    let seen = fs::read_to_string(seen).unwrap();
    for (number, target) in [("0", "/dev/null"), ("1", "/seen"), ("2", "/dev/null")] {
        let is_this = |line: &str| line.contains(&format!(" {number} -> ")) && line.ends_with(target);
        assert!(seen.lines().any(is_this), "{number}: {seen}");
    }
    for ours in [file.as_raw_fd(), socket.as_raw_fd(), pipe.as_raw_fd()] {
        let target = fs::read_link(format!("/proc/self/fd/{ours}")).unwrap();
        assert!(!seen.contains(&format!("-> {}\n", target.display())), "{target:?}: {seen}");
    }
}

fn failure(verdict: Result<(), Error>) -> String {
    match verdict {
        Err(error @ Error::NotJudged(_)) => error.to_string(),
        other => panic!("judged: {other:?}"),
    }
}

#[test]
fn a_check_that_cannot_run_is_no_judgement_of_the_content() {
    let place = Place::new();
    let missing = {
        let mut guards = Guards::default();
        guards.check = Some(place.path("missing"));
        guards
    };
    let text = failure(place.judge(&missing, "x"));
    let expected = format!("the check {} cannot run: No such file", place.path("missing").display());
    assert!(text.contains(&expected), "{text}");
    let plain = place.path("plain");
    fs::write(&plain, "no program").unwrap();
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o600)).unwrap();
    failure(place.judge(
        &{
            let mut guards = Guards::default();
            guards.check = Some(plain);
            guards
        },
        "x",
    ));
}

#[test]
fn a_script_whose_interpreter_does_not_exist_is_told() {
    let place = Place::new();
    for (index, (text, reason)) in [
        ("#!/bin/sh\r\nexit 0\r\n", r"its first line names an interpreter that does not exist: '/bin/sh\r'"),
        (
            "#! /no/such/shell -e\n",
            "its first line names an interpreter that does not exist: '/no/such/shell'",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let program = place.path(&format!("check{index}"));
        write_script(&program, text);
        let reported = failure(place.judge(
            &{
                let mut guards = Guards::default();
                guards.check = Some(program);
                guards
            },
            "x",
        ));
        assert!(reported.ends_with(reason), "{reported}");
    }
}

#[test]
fn a_carriage_return_behind_env_is_told() {
    let place = Place::new();
    let reason = rejection(place.judge(&place.check("#!/usr/bin/env sh\r\nexit 0\r\n"), "x"));
    assert!(reason.contains("exit code 127: its first line ends in a carriage return"), "{reason}");
}

#[test]
fn arguments_are_not_for_a_shell() {
    let place = Place::new();
    let guards = place.check("#!/bin/sh\n[ $# -eq 1 ]\n");
    let (directory, name) = (place.path("a b"), "; touch pwned $(touch pwned)");
    fs::create_dir(&directory).unwrap();
    let file = directory.join(name);
    judge(&guards, b"x", &Checks::default(), |content| fs::write(&file, content).map(|()| &file)).unwrap();
    assert!(!Path::new("/pwned").exists() && !directory.join("pwned").exists());
}

#[tokio::test]
async fn an_ended_check_is_gone_with_its_children_and_file() {
    let place = Place::new();
    let marker = place.path("grandchild");
    let shown = marker.display();
    let guards =
        place.check(&format!("#!/bin/sh\nsleep 60 &\necho $! > {shown}.new\nmv {shown}.new {shown}\nwait\n"));
    let checks = Checks::default();
    let (place, ours) = (Arc::new(place), checks.clone());
    let its_place = Arc::clone(&place);
    let judged = tokio::task::spawn_blocking(move || its_place.judge_by(&guards, b"x", &ours));
    wait_until("the grandchild", || marker.exists());
    assert_eq!(place.files(), 1);

    assert!(checks.end(Duration::from_secs(10)).await);
    assert_eq!(place.files(), 0);
    assert!(matches!(judged.await.unwrap(), Err(Error::Interrupted)));
    wait_until_gone(fs::read_to_string(marker).unwrap().trim().parse().unwrap());
}

#[test]
fn no_check_is_started_after_the_end() {
    let place = Place::new();
    let marker = place.path("started");
    let guards = place.check(&format!("#!/bin/sh\ntouch {}\n", marker.display()));
    let checks = Checks::default();
    checks.kill();
    let verdict = place.judge_by(&guards, b"x", &checks);
    assert!(matches!(verdict, Err(Error::Interrupted)) && !marker.exists());
}
