//! Content that attacks the checks on content.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ld_testkit::{Host, SOON, TestCommand, wait_until};

use crate::target::Target;

const MIB: usize = 1 << 20;
/// Most resident memory after a bomb, in KiB.
const RESIDENT: u64 = 256 << 10;

/// Aliases of aliases: each line expands to nine times the line before.
fn laughs() -> String {
    let mut text = "a0: &a0 [lol]\n".to_owned();
    for level in 1..40 {
        let before = level - 1;
        text += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 9].join(","));
    }
    text
}

/// Publishes `bomb` to a node with this format, and asserts that the good file stays and that the
/// node is followed afterwards.
fn rejects(format: &str, bomb: &str) {
    let settings = |host: Host| host.setting("nodes.flags.format", format).node("plain", "/plain");
    let mut target = Target::start_as(settings, quoted);
    target.server.set("/flags", bomb);
    target.server.set("/plain", "beside it");
    target.host.wait_for("plain", "beside it");
    target.watcher.wait_for_stderr("nodes.flags: ", SOON);
    assert_eq!(target.host.read("flags").unwrap(), quoted(0).into_bytes());
    let resident = target.resident();
    assert!(resident < RESIDENT, "{resident} KiB");
    target.assert_followed("a bomb");
}

/// A version that is valid JSON, YAML and TOML (as a comment).
fn quoted(version: u32) -> String {
    format!("\"version\": {version}")
}

fn json(version: u32) -> String {
    format!("[{version}]")
}

#[test]
fn brackets_of_a_mebibyte_are_rejected() {
    let brackets = "[".repeat(MIB);
    rejects("yaml", &brackets);
    let mut target = Target::start_as(|host| host.setting("nodes.flags.format", "json"), json);
    target.server.set("/flags", &brackets);
    target.watcher.wait_for_stderr("nodes.flags: ", SOON);
    target.assert_followed("brackets");
}

#[test]
fn aliases_that_expand_to_billions_are_rejected() {
    rejects("yaml", &laughs());
}

#[test]
fn dotted_keys_of_a_mebibyte_are_rejected() {
    let toml = |version| format!("version = {version}\n");
    for bomb in [format!("a{} = 1\n", ".a".repeat(MIB / 2)), format!("a = {}", "[".repeat(MIB))] {
        let mut target = Target::start_as(|host| host.setting("nodes.flags.format", "toml"), toml);
        target.server.set("/flags", bomb);
        target.watcher.wait_for_stderr("nodes.flags: ", SOON);
        target.assert_followed("dotted keys");
    }
}

#[test]
fn a_node_replaced_during_its_check_is_checked_again() {
    let mut slow = String::new();
    let mut target = Target::start_with(|host| {
        let program = host.path("check");
        let seen = host.path("seen");
        // Judges the content that it read at its start.
        let text = format!(
            "#!/bin/sh\ncontent=$(cat \"$1\")\necho \"$content\" >> {}\nsleep 0.5\n[ \"$content\" != bad ]\n",
            seen.display()
        );
        let install = TestCommand::new("install").args(["-m", "700", "/dev/stdin"]).arg(&program);
        assert_eq!(install.stdin(text).run(SOON).code, Some(0));
        assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o700);
        slow = seen.to_str().unwrap().to_owned();
        host.setting("nodes.flags.check", program.to_str().unwrap())
    });
    target.change();
    let good = target.content();
    wait_until("the check of a good version", SOON, || fs::read_to_string(&slow).unwrap().contains(&good));
    target.server.set("/flags", "bad");
    wait_until("the check of the bad one", SOON, || {
        assert_ne!(target.host.read("flags").unwrap(), b"bad");
        fs::read_to_string(&slow).unwrap().contains("bad")
    });
    target.watcher.wait_for_stderr("nodes.flags: ", SOON);
    assert_ne!(target.host.read("flags").unwrap(), b"bad");
    target.assert_followed("a bad version");
}
