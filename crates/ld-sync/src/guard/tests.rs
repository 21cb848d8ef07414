//! Each guard lets the good pass, rejects the bad, and never shows content.

use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ld_config::{Format, Guards};

use super::{Checks, Verdict, judge};

/// Writes an executable. Another test's fork could hold it open for writing, so it is written by another process.
pub(super) fn write_script(path: &Path, text: &str) {
    let source = path.with_extension("source");
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o700)
        .open(&source)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let copied = std::process::Command::new("cp").arg("-p").arg(&source).arg(path).status().unwrap();
    assert!(copied.success());
}

/// Waits until the process is no more, or all that is left of it is its exit status.
#[track_caller]
pub(super) fn wait_until_gone(process: i32) {
    wait_until("the process to be gone", || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z"))
    });
}

#[track_caller]
pub(super) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

pub(super) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn dest(&self) -> PathBuf {
        self.path("live/file")
    }

    fn judge(&self, guards: &Guards, content: impl AsRef<[u8]>) -> Result<(), Verdict> {
        judge(guards, &self.dest(), content.as_ref(), &Checks::default())
    }

    pub(super) fn check(&self, script: &str) -> Guards {
        let program = self.path("check");
        write_script(&program, script);
        Guards { check: Some(program), ..Guards::default() }
    }

    /// How many files stand where the candidates do.
    pub(super) fn candidates(&self) -> usize {
        fs::read_dir(self.path("live")).unwrap().count()
    }
}

fn rejection(verdict: Result<(), Verdict>) -> String {
    match verdict {
        Err(Verdict::Rejected(reason)) => reason,
        other => panic!("not rejected: {other:?}"),
    }
}

#[test]
fn sizes_are_checked_at_their_bounds() {
    let place = Place::new();
    let guards = Guards { min_bytes: Some(2), max_bytes: Some(3), ..Guards::default() };
    assert!(rejection(place.judge(&guards, "a")).contains("min_bytes is 2"));
    place.judge(&guards, "ab").unwrap();
    place.judge(&guards, "abc").unwrap();
    assert!(rejection(place.judge(&guards, "abcd")).contains("max_bytes is 3"));
    place.judge(&Guards::default(), "").unwrap();
}

#[test]
fn each_format_takes_its_own_syntax_and_rejects_poison() {
    let place = Place::new();
    let deep_json = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_toml = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_yaml = "- ".repeat(50_000);
    let huge = format!("[{}]", "9".repeat(5_000));
    let huge_toml = format!("a = {}", "9".repeat(5_000));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    // Deeper with each line for a parser that follows the aliases, and with few nodes.
    let mut chain = String::from("a0: &a0 [x]\n");
    (1..130).for_each(|level| chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1)));
    let dotted = ["a"; 60].join(".");
    let dotted_toml = format!("{}1{}", format!("{dotted} = {{").repeat(60) + "b = ", "}".repeat(60));
    let good: [(Format, &str); 10] = [
        (Format::Json, r#"{"a": [1, 2.5, "x", null, true]}"#),
        (Format::Json, "1"),
        (Format::Toml, "a = 1\n[b]\nc = [1, 2]\nd = 2020-01-01T00:00:00Z\n"),
        (Format::Toml, ""),
        (Format::Yaml, "a: 1\nb: [x, y]\nc: &c {d: e}\nf: *c\n"),
        (Format::Yaml, "--- 1\n--- 2\n"),
        (Format::Yaml, ""),
        (Format::Yaml, r#"{"json": ["is", "yaml"]}"#),
        (Format::Utf8, "grüße\u{0}"),
        (Format::Utf8, ""),
    ];
    for (format, text) in good {
        let guards = Guards { format: Some(format), ..Guards::default() };
        assert!(place.judge(&guards, text).is_ok(), "{format:?}: {text}");
    }
    let bad: [(Format, &[u8]); 18] = [
        (Format::Json, b""),
        (Format::Json, b"{\"topsecret\": }"),
        (Format::Json, b"{} trailing"),
        (Format::Json, b"[1e999999]"),
        (Format::Json, huge.as_bytes()),
        (Format::Json, deep_json.as_bytes()),
        (Format::Json, b"\xff"),
        (Format::Toml, b"topsecret"),
        (Format::Toml, b"a = 1\na = 2"),
        (Format::Toml, huge_toml.as_bytes()),
        (Format::Toml, deep_toml.as_bytes()),
        (Format::Toml, dotted_toml.as_bytes()),
        (Format::Yaml, b"topsecret: [unclosed"),
        (Format::Yaml, deep_yaml.as_bytes()),
        (Format::Yaml, bomb.as_bytes()),
        (Format::Yaml, chain.as_bytes()),
        (Format::Yaml, b"&a [*a]"),
        (Format::Utf8, b"\xc3("),
    ];
    for (format, content) in bad {
        let guards = Guards { format: Some(format), ..Guards::default() };
        let reason = rejection(place.judge(&guards, content));
        assert!(!reason.contains("topsecret"), "the reason shows content: {reason}");
    }
}

#[test]
fn a_check_sees_the_content_and_accepts_with_exit_code_0() {
    let place = Place::new();
    let guards = place.check("#!/bin/sh\ngrep -q good \"$1\"\n");
    place.judge(&guards, "all good here").unwrap();
    let reason = rejection(place.judge(&guards, "topsecret"));
    assert!(reason.contains("exit code 1") && !reason.contains("topsecret"), "{reason}");
    assert_eq!(place.candidates(), 0);
}

#[test]
fn a_check_has_only_path_and_a_private_candidate() {
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
    // Fields 5 and 6 of a process's stat are its group and its session, and field 7 is its terminal.
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

fn failure(verdict: Result<(), Verdict>) -> String {
    match verdict {
        Err(verdict @ Verdict::Failed(_)) => verdict.describe(),
        other => panic!("judged: {other:?}"),
    }
}

#[test]
fn a_check_that_cannot_run_is_no_judgement_of_the_content() {
    let place = Place::new();
    let missing = Guards { check: Some(place.path("missing")), ..Guards::default() };
    let text = failure(place.judge(&missing, "x"));
    let expected = format!("the check {} cannot run: No such file", place.path("missing").display());
    assert!(text.contains(&expected), "{text}");
    let plain = place.path("plain");
    fs::write(&plain, "no program").unwrap();
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o600)).unwrap();
    failure(place.judge(&Guards { check: Some(plain), ..Guards::default() }, "x"));
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
        let reported = failure(place.judge(&Guards { check: Some(program), ..Guards::default() }, "x"));
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
    let dest = place.path("a b; touch pwned/$(id)/file");
    judge(&guards, &dest, b"x", &Checks::default()).unwrap();
    assert!(!place.path("pwned").exists());
}
