//! Content that attacks the checks on content.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ld_testkit::hostile::HostileServer;
use ld_testkit::{Host, SOON, install_script, wait_until};

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
        install_script(&program, 0o700, &text);
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

/// Characters that a terminal acts upon, or that hide what is there.
const HIDDEN: [char; 9] = [
    '\u{200b}',
    '\u{feff}',
    '\u{ad}',
    '\u{2060}',
    '\u{e0041}',
    '\u{fe0f}',
    '\u{2028}',
    '\u{202e}',
    '\u{61c}',
];

fn assert_escaped(output: &str) {
    for character in HIDDEN {
        assert!(!output.contains(character), "{} in {output}", character.escape_default());
        assert!(output.contains(&character.escape_default().to_string()), "{output}");
    }
}

#[test]
fn hidden_characters_are_escaped_in_a_log_line() {
    let server = HostileServer::start();
    server.set("/flags", "on");
    let name: String = HIDDEN.iter().flat_map(|character| [*character, 'x']).collect();
    let host = Host::new(server.connect_string()).node(&name, "/flags");
    let watcher = host.watcher().start();
    host.wait_for(&name, "on");
    watcher.wait_for_stderr("Updating ", SOON);
    assert_escaped(&watcher.stderr());
}

#[test]
fn hidden_characters_are_escaped_in_a_diff() {
    let server = HostileServer::start();
    server.set("/flags", "plain");
    let text: String = HIDDEN.iter().flat_map(|character| [*character, 'x']).collect();
    let writer = Host::new(server.connect_string()).writer(&text, "/flags").run(SOON);
    assert_eq!((writer.code, server.data("/flags").unwrap()), (Some(0), text.into_bytes()));
    assert_escaped(&writer.stdout);
}
