//! The lines of documents, run as they stand.

mod machine;
mod monitoring;
mod page;
mod rollout;

use std::fs;

use ld_testkit::{SOON, TempDir, TestCommand, binary};
use machine::Script;
use page::Page;

#[test]
fn the_tutorial_runs_as_one_paste() {
    let output = Script::new(include_str!("../../../docs/tutorial.md"))
        .section("Install")
        .section("Start a cluster of three")
        .section("Create a node")
        .section("Follow it")
        .section("Look at it")
        .section("Publish a change")
        .section("Lose a server")
        .section("Keep a mistake away")
        .section("Go back")
        .section("Clean up")
        .lines("test ! -e ~/live-data")
        .run();
    let in_order = [
        "live-data.ini has no problem",
        "\n{\"new_checkout\": false}",
        "1 of 1 files are as they should be",
        "+{\"new_checkout\": true}\n{\"new_checkout\": true}\n",
        "+{\"new_checkout\": true, \"percent\": 50}\n{\"new_checkout\": true, \"percent\": 50}\n",
        "reloaded: 0 nodes added",
        "refused\n",
        "rejected ",
        "\n{\"new_checkout\": true, \"percent\": 50}\n",
        "1 of 1 files are as they should be",
    ];
    let mut rest = output.stdout.as_str();
    for text in in_order {
        rest = rest.split_once(text).unwrap_or_else(|| panic!("{text}: {}", output.stdout)).1;
    }
    assert!(output.stderr.contains("Created /flags"), "{}", output.stderr);
}

#[test]
fn credentials_are_rotated_by_the_steps_of_the_page() {
    let output = Script::new(include_str!("../../../docs/credentials.md"))
        .file("live-data.ini", "ini", "Rotate credentials")
        .lines("sed 's/reader/writer/; s/secrets.json/writer-secrets.json/' live-data.ini > writer.ini")
        .lines("echo 'status.listen = 127.0.0.1:9102' >> live-data.ini")
        .lines(r#"secret() { echo "{\"secrets\": {\"secret/live-data/$1\": {\"type\": \"simple\", \"value\": \"$1:old-$1-password\"}}}"; }"#)
        .lines("secret reader > secrets.json; secret writer > writer-secrets.json; chmod 600 *secrets.json")
        .lines("mkdir old; cp *.ini *secrets.json old")
        .lines(r#"has_right() { (cd old; live-data-watcher check --connect $1); }"#)
        .lines(r#"publish() { echo "$1" > content; live-data-writer writer.ini content /flags; }"#)
        .lines("start_server")
        .lines(r#"hash() { printf %s "$1:old-$1-password" | openssl dgst -sha1 -binary | base64; }"#)
        .lines("acl=digest:reader:$(hash reader):r,digest:writer:$(hash writer):rwa")
        .lines(r#"echo "create /flags '{\"percent\": 10}' $acl" | zookeeper"#)
        .lines("live-data-watcher live-data.ini 2> watcher.log &")
        .wait_for_line("live/flags.json", r#"{"percent": 10}"#)
        .section("1. Let both passwords of the reader in")
        .section("2. Replace the secret on each host")
        .lines("has_right live-data.ini")
        .section("3. Shut the old password of the reader out")
        .lines("if has_right live-data.ini; then exit 1; fi")
        .lines(r#"publish '{"percent": 20}'"#)
        .wait_for_line("live/flags.json", r#"{"percent": 20}"#)
        .wait_for("live-data-watcher status live-data.ini")
        .section("4. See that it is done")
        .section("5. The password of the writer")
        .wait_for_line("live/flags.json", r#"{"percent": 30}"#)
        .lines("if has_right writer.ini; then exit 1; fi")
        .lines(r#"publish '{"percent": 40}'"#)
        .wait_for_line("live/flags.json", r#"{"percent": 40}"#)
        .lines("if live-data-writer live-data.ini new.json /flags; then exit 1; fi")
        .lines("mkdir whole; cd whole")
        .file("publisher.ini", "ini", "Below publish.root")
        .file("publisher-secrets.json", "json", "Below publish.root")
        .lines("grep -v -e -new publisher-secrets.json | sed 's/old-reader-password\"},/old-reader-password\"}/' > host-secrets.json")
        .lines("cat > host.ini <<END\n[live-data]\nzookeeper.hosts = 127.0.0.1:2181\nfleet.report = true\nfleet.report_interval = 100ms\nzookeeper.credentials = secret/live-data/reporter, secret/live-data/reader\nsecrets.path = host-secrets.json\nnodes.flags.source = /app/flags\nnodes.flags.dest = live/flags.json\nnodes.flags.rollout = true\nEND")
        .lines("cp publisher-secrets.json old-secrets.json")
        .lines("cat > old.ini <<END\n[live-data]\nzookeeper.hosts = 127.0.0.1:2181\nzookeeper.credentials = secret/live-data/publisher\nsecrets.path = old-secrets.json\nEND")
        .lines("user() { echo digest-secret:secret/live-data/$1; }; acl() { echo --acl $(user $1):$2; }")
        .lines("live-data-ctl init publisher.ini --publishers $(user publisher) --reporters $(user reporter) --readers $(user reader)")
        .lines("echo '{\"percent\": 50}' > new.json")
        .lines("live-data-ctl create publisher.ini /app/flags new.json $(acl publisher all) $(acl reporter r) $(acl reader r)")
        .lines("live-data-watcher host.ini 2> watcher.log &")
        .wait_for("live-data-ctl hosts publisher.ini")
        .section("Let the new passwords in")
        .section("Replace the secrets on the hosts")
        .section("Shut the old passwords out")
        .section("Publish with the new passwords")
        .wait_for("live-data-ctl hosts publisher.ini")
        .section("See that all hosts report")
        .wait_for_line("live/flags.json", r#"{"percent": 50}"#)
        .lines("for path in /app/flags /live-data /live-data/history /live-data/hosts; do if live-data-ctl ls old.ini $path; then exit 1; fi; done")
        .lines("if live-data-ctl log old.ini /app/flags; then exit 1; fi")
        .run();
    assert_eq!(output.stdout.matches("digest,'reader:").count(), 2, "{}", output.stdout);
    assert!(output.stderr.contains("not authorized to write"), "{}", output.stderr);
}

#[test]
fn tls_is_turned_on_by_the_steps_of_the_page() {
    let output = Script::new(include_str!("../../../docs/tls.md"))
        .section("1. Certificates")
        .section("2. The servers")
        .wait_for_server(2181)
        .section("3. The hosts")
        .wait_for_line("live/flags.json", r#"{"percent": 5}"#)
        .lines("without=$(mktemp) && cp live-data.ini $without")
        .section("4. Ask for certificates of the hosts")
        .section("5. ZooKeeper's own client")
        .lines("live-data-watcher --once live-data.ini")
        .wait_for_line("live/flags.json", r#"{"percent": 10}"#)
        .lines("if live-data-watcher --once --timeout 3s $without; then exit 1; fi")
        .run();
    assert!(output.stderr.contains("does not accept this client's certificate"), "{}", output.stderr);
}

#[test]
fn a_history_is_kept_and_taken_back_by_the_page() {
    let output = Script::new(include_str!("../../../docs/history.md"))
        .file("live-data.ini", "ini", "Keep a history, roll back, publish together")
        .lines("start_server")
        .section("Publish")
        .lines("live-data-watcher live-data.ini 2> watcher.log &")
        .wait_for_line("live/flags.json", r#"{"percent": 50}"#)
        .section("Look back")
        .section("Go back")
        .wait_for_line("live/flags.json", r#"{"percent": 10}"#)
        .section("Publish several nodes together")
        .lines("live-data-ctl log live-data.ini /app/limits")
        .wait_for_line("live/flags.json", r#"{"percent": 10}"#)
        .run();
    let in_order = [
        "* publication 3: version 2, ",
        "      half of them\n  publication 2: version 1, ",
        "      a first attempt\n{\"percent\": 10}\n--- publication 2\n+++ now\n",
        "--- old\n+++ new\n@@ -1 +1 @@\n-{\"percent\": 50}\n+{\"percent\": 10}\n",
        "--- old /app/flags\n+++ new /app/flags\n",
        "--- old /app/limits\n+++ new /app/limits\n@@ -0,0 +1 @@\n+{\"rate\": 7}\n",
        "--- old /app/limits\n+++ new /app/limits\n@@ -1 +0,0 @@\n-{\"rate\": 7}\n",
        "* publication 3: version 2, ",
        "      together: /app/flags, /app/limits\n",
    ];
    let mut rest = output.stdout.as_str();
    for text in in_order {
        rest = rest.split_once(text).unwrap_or_else(|| panic!("{text}: {}", output.stdout)).1;
    }
}

#[test]
fn a_rollback_is_a_write_of_the_former_content() {
    let output = Script::new(include_str!("../../../docs/rollback.md"))
        .lines("start_server")
        .lines(r#"printf '%s\n' '[live-data]' 'zookeeper.hosts = 127.0.0.1:2181' 'nodes.flags.source = /flags' 'nodes.flags.dest = live/flags.json' > live-data.ini"#)
        .lines(r#"echo "create /flags '{\"percent\": 10}'" | zookeeper"#)
        .lines("live-data-watcher live-data.ini 2> watcher.log &")
        .wait_for_line("live/flags.json", r#"{"percent": 10}"#)
        .section("Look before you publish")
        .wait_for_line("live/flags.json", r#"{"percent": 20}"#)
        .section("Go back")
        .wait_for_line("live/flags.json", r#"{"percent": 10}"#)
        .run();
    assert!(output.stdout.contains("+{\"percent\": 20}"), "{}", output.stdout);
}

#[test]
fn the_lines_for_a_private_server_start_one_and_follow_a_node() {
    let output = Script::new(include_str!("../../../docs/zookeeper.md"))
        .section("Debian and Ubuntu")
        .wait_for_server(2181)
        .section("Create a node and follow it")
        .wait_for_line("~/flags.json", r#"{"percent": 7}"#)
        .run();
    assert!(output.stdout.contains("+{\"percent\": 7}"), "{}", output.stdout);
}

#[test]
fn a_node_with_an_acl_is_created_by_the_lines_of_the_page() {
    let output = Script::new(include_str!("../../../docs/config.md"))
        .lines("start_server")
        .file("secrets.json", "json", "Create a node with an ACL")
        .lines("chmod 600 secrets.json")
        .section("Create a node with an ACL")
        .section("With ZooKeeper's own client")
        .lines(r#"printf '%s\n' '[live-data]' 'zookeeper.hosts = 127.0.0.1:2181/production' 'nodes.flags.source = /features/flags' 'nodes.flags.dest = live/flags' > reader.ini"#)
        .lines("cp reader.ini writer.ini; chmod 600 secrets.json")
        .lines("printf '%s\\n' 'zookeeper.credentials = secret/live-data/zookeeper' 'secrets.path = secrets.json' >> writer.ini")
        .lines("echo published > new; live-data-writer writer.ini new /features/flags")
        .lines("if live-data-writer reader.ini reader.ini /features/flags; then exit 1; fi")
        .lines("live-data-watcher --once --strict reader.ini; grep -x published live/flags")
        .run();
    assert!(output.stdout.contains("digest,'live-data:x"), "{}", output.stdout);
}

#[test]
fn nodes_are_made_seen_changed_and_removed_by_the_page() {
    let output = Script::new(include_str!("../../../docs/ctl.md"))
        .file("live-data.ini", "ini", "Work on nodes")
        .file("secrets.json", "json", "Work on nodes")
        .lines("chmod 600 secrets.json; start_server")
        .section("Make a node")
        .section("Look at nodes")
        .section("Change an ACL")
        .section("Prepare for publications")
        .section("JSON and exit codes")
        .lines("if live-data-ctl create live-data.ini /app/flags --acl auth::all; then exit 1; fi")
        .section("Remove a node")
        .lines("live-data-ctl stat live-data.ini /app/flags || test $? = 1")
        .run();
    let in_order = [
        "{\"percent\": 10}\n",
        "version   0\n",
        "          digest:watcher:",
        "Z flags\n",
        "-digest:watcher:",
        "+world:anyone:r\n",
        "/live-data digest:publisher:",
        "/live-data/hosts digest:publisher:",
        "\"path\": \"/app\"",
    ];
    let mut rest = output.stdout.as_str();
    for text in in_order {
        rest = rest.split_once(text).unwrap_or_else(|| panic!("{text}: {}", output.stdout)).1;
    }
    assert!(
        output.stderr.contains("watchers with this configuration remove live/flags.json"),
        "{}",
        output.stderr
    );
    assert!(!(output.stdout.clone() + &output.stderr).contains("password\""));
}

#[test]
fn the_complete_unit_is_valid() {
    let unit = Page::new(include_str!("../../../docs/service.md")).take("systemd", "Run it as a service");
    let directory = TempDir::new();
    let file = directory.join("live-data-watcher.service");
    let watcher = binary("live-data-watcher");
    fs::write(&file, unit.replace("/usr/bin/live-data-watcher", watcher.to_str().unwrap())).unwrap();
    let verify = ["verify", "--man=no"];
    let output = TestCommand::new("systemd-analyze").args(verify).arg(&file).run(SOON);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_rust_program_depends_on_ld_filewatch_by_the_page() {
    let dependencies = Page::new(include_str!("../../../docs/rust.md")).take("toml", "Depend on it");
    let address = "git = \"https://github.com/live-data/live-data\"";
    assert!(dependencies.contains(address), "{dependencies}");
    let path = concat!("path = \"", env!("CARGO_MANIFEST_DIR"), "/../../crates/ld-filewatch\"");
    let directory = TempDir::new();
    let package = "[package]\nname = \"program\"\nedition = \"2024\"\n[workspace]\n";
    let manifest = format!("{package}{}", dependencies.replace(address, path));
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(directory.join("src")).unwrap();
    fs::write(directory.join("src/main.rs"), "fn main() {}").unwrap();
    // The versions of this workspace are there without a network.
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
    fs::copy(lock, directory.join("Cargo.lock")).unwrap();
    let metadata = ["metadata", "--offline", "--quiet", "--format-version", "1"];
    let cargo = TestCommand::new("cargo").args(metadata).current_dir(directory.path()).run(SOON);
    assert_eq!(cargo.code, Some(0), "{}", cargo.stderr);
    assert!(cargo.stdout.contains("\"name\":\"ld-filewatch\""), "{}", cargo.stdout);
}
