//! What `live-data-writer` records, and `live-data-ctl` shows and takes back.

use std::fs;

use ld_testkit::{Host, Namespace, Publisher, SOON, TestCommand, TestOutput, install_script};
use serde_json::{Value, json};

/// A history of each node, and the nodes `/a` and `/b`, which hold `old`.
fn setup() -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    for path in ["/a", "/b"] {
        zookeeper.admin().create(&zookeeper.path(path), "old\n").unwrap();
    }
    let host = Host::new(zookeeper.connect_string()).setting("publish.history", "20");
    host.init(&[]);
    (zookeeper, host)
}

#[track_caller]
fn done(command: TestCommand) -> TestOutput {
    let output = command.run(SOON);
    output.assert_ends(0, "");
    output
}

#[track_caller]
fn fails(command: TestCommand, reason: &str) -> TestOutput {
    let output = command.run(SOON);
    output.assert_ends(1, reason);
    output
}

fn publish(host: &Host, content: &str, path: &str, message: &str) -> TestOutput {
    done(host.writer(content, path).args(["--message", message, "--author", "alice@host"]))
}

#[track_caller]
fn log(host: &Host, path: &str) -> Value {
    serde_json::from_str(&done(host.ctl("log").args([path, "--json"])).stdout).unwrap()
}

fn messages(log: &Value) -> Vec<&str> {
    let publications = log["publications"].as_array().unwrap();
    publications.iter().map(|entry| entry["message"].as_str().unwrap()).collect()
}

/// The number of the publication with this place in the log, of which the latest is 0.
fn number(host: &Host, path: &str, place: usize) -> String {
    log(host, path)["publications"][place]["publication"].to_string()
}

fn content(zookeeper: &Namespace, path: &str) -> String {
    String::from_utf8(zookeeper.admin().get(&zookeeper.path(path)).unwrap().0).unwrap()
}

#[test]
fn the_log_shows_what_was_published_by_which_author() {
    let (zookeeper, host) = setup();
    publish(&host, "1\n", "/a", "first\nof two lines");
    done(host.writer("2\n", "/a"));
    let log = log(&host, "/a");
    let stat = zookeeper.admin().exists(&zookeeper.path("/a")).unwrap().unwrap();
    let now = &log["now"];
    assert_eq!(
        (&now["state"], &now["version"], &now["mzxid"]),
        (&json!("published"), &json!(2), &json!(stat.mzxid))
    );
    let [latest, first, before] = log["publications"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!((&latest["zxid"], &latest["message"]), (&json!(stat.mzxid), &json!("")));
    assert!(latest["author"].as_str().unwrap().contains('@'), "{latest}");
    assert_eq!((&first["author"], &first["message"]), (&json!("alice@host"), &json!("first\nof two lines")));
    assert_eq!((&before["recorded"], &before["version"]), (&json!(false), &json!(0)));
    let table = done(host.ctl("log").arg("/a")).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("* publication ") && lines[0].contains(": version 2, 20"), "{table}");
    assert!(lines[1].ends_with(", 2 bytes, alice@host"), "{table}");
    assert_eq!((lines[2], lines[3]), ("      first", "      of two lines"), "{table}");
    assert!(lines[4].ends_with(", 4 bytes, by another tool"), "{table}");
}

#[test]
fn changes_by_other_tools_show_in_the_log() {
    let (zookeeper, host) = setup();
    publish(&host, "1\n", "/a", "one");
    for content in ["x", "y", "theirs"] {
        zookeeper.admin().set(&zookeeper.path("/a"), content).unwrap();
    }
    let table = done(host.ctl("log").arg("/a")).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("* not recorded: version 4, 20"), "{table}");
    assert_eq!(lines[1], "  2 changes by other tools, whose contents are not known");
    assert_eq!(log(&host, "/a")["now"]["gap_before"], json!({ "changes": 2 }));
    done(host.ctl("rollback").arg("/a"));
    assert_eq!(content(&zookeeper, "/a"), "1\n");
    // What they wrote is kept.
    let theirs = number(&host, "/a", 1);
    assert_eq!(done(host.ctl("show").args(["/a", &theirs])).stdout, "theirs");
    zookeeper.admin().delete(&zookeeper.path("/a")).unwrap();
    let table = done(host.ctl("log").arg("/a")).stdout;
    assert!(table.starts_with("* the node is gone\n"), "{table}");
    zookeeper.admin().create(&zookeeper.path("/a"), "new").unwrap();
    let table = done(host.ctl("log").arg("/a")).stdout;
    assert!(table.contains("\n  the node was removed and made again\n"), "{table}");
}

/// `create` of a node that every client may change.
fn create(host: &Host, path: &str, content: &str) -> TestCommand {
    let source = host.path("source of a new node");
    fs::write(&source, content).unwrap();
    host.ctl("create").args([path, source.to_str().unwrap(), "--acl", "world:anyone:all"])
}

#[test]
fn a_new_node_is_recorded_with_its_content() {
    let (zookeeper, host) = setup();
    done(create(&host, "/c", "first\n").args(["--message", "begin", "--author", "bob"]));
    let stat = zookeeper.admin().exists(&zookeeper.path("/c")).unwrap().unwrap();
    let log = log(&host, "/c");
    let [made] = log["publications"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!((&made["message"], &made["author"]), (&json!("begin"), &json!("bob")));
    assert_eq!((&made["version"], &made["zxid"]), (&json!(0), &json!(stat.czxid)));
    assert_eq!((&log["now"]["state"], &made["gap_before"]), (&json!("published"), &Value::Null));
    publish(&host, "second\n", "/c", "go on");
    assert_eq!(messages(&self::log(&host, "/c")), ["go on", "begin"]);
    done(host.ctl("rollback").arg("/c"));
    assert_eq!(content(&zookeeper, "/c"), "first\n");
}

#[test]
fn a_new_node_needs_the_directory_of_histories() {
    let (zookeeper, host) = setup();
    zookeeper.admin().delete_all(&zookeeper.path("/live-data/history")).unwrap();
    fails(create(&host, "/c", "first"), "make it with `live-data-ctl init CONFIG`");
    assert_eq!(zookeeper.admin().exists(&zookeeper.path("/c")).unwrap(), None);
    let host = host.without("publish.history");
    done(create(&host, "/c", "first"));
    assert_eq!(content(&zookeeper, "/c"), "first");
}

#[test]
fn a_node_that_is_gone_keeps_its_history() {
    let (zookeeper, host) = setup();
    publish(&host, "1\n", "/a", "one");
    publish(&host, "2\n", "/a", "two");
    let [two, one] = [0, 1].map(|place| number(&host, "/a", place));
    done(host.ctl("delete").args(["/a", "--yes"]));
    let table = done(host.ctl("log").arg("/a")).stdout;
    assert!(table.starts_with(&format!("* the node is gone\n  publication {two}: ")), "{table}");
    assert_eq!(log(&host, "/a")["now"], json!({ "state": "missing" }));
    assert_eq!(done(host.ctl("show").args(["/a", &two])).stdout, "2\n");
    assert!(done(host.ctl("diff").args(["/a", &one, &two])).stdout.ends_with("-1\n+2\n"));
    fails(host.ctl("rollback").args(["/a", &one]), "/a does not exist");
    done(create(&host, "/a", "2\n").args(["--message", "again"]));
    let log = log(&host, "/a");
    assert_eq!(messages(&log), ["again", "two", "one", ""]);
    assert_eq!(log["publications"][0]["gap_before"], json!({ "recreated": true }));
    done(host.ctl("rollback").args(["/a", &one]));
    assert_eq!(content(&zookeeper, "/a"), "1\n");
}

#[test]
fn the_command_for_one_node_of_a_group_works_as_it_is_written() {
    let (zookeeper, host) = setup();
    let host = host.without("publish.history").setting("publish.history", "2");
    done(host.writer("a1\n", "/a").args(["--also", &also(&host, "b1\n")]));
    // Two more publications of /b, and what it held before the first one is pruned.
    publish(&host, "b2\n", "/b", "");
    publish(&host, "b3\n", "/b", "");
    let refused = fails(host.ctl("rollback").arg("/a"), "/b was published together with /a");
    take_back_alone(&host, &refused);
    assert_eq!((content(&zookeeper, "/a"), content(&zookeeper, "/b")), ("old\n".into(), "b3\n".into()));
}

/// What `--also` needs to give `/b` this content.
fn also(host: &Host, content: impl AsRef<[u8]>) -> String {
    let source = host.path("second");
    fs::write(&source, content).unwrap();
    format!("{}=/b", source.display())
}

/// Runs the command that a refused rollback of `/a` names.
#[track_caller]
fn take_back_alone(host: &Host, refused: &TestOutput) {
    let command = refused.stderr.split("to take back /a alone: ").nth(1).unwrap();
    let command = command.replace("CONFIG", host.config().to_str().unwrap());
    done(TestCommand::new("sh").args(["-c", &command]).programs_in_path());
}

#[test]
fn a_group_with_a_node_that_is_gone_says_what_to_do() {
    let (zookeeper, host) = setup();
    done(host.writer("a1\n", "/a").args(["--also", &also(&host, "b1\n")]));
    done(host.ctl("delete").args(["/b", "--yes"]));
    let refused =
        fails(host.ctl("rollback").arg("/a"), "/b was published together with /a, and does not exist");
    assert_eq!(content(&zookeeper, "/a"), "a1\n");
    take_back_alone(&host, &refused);
    assert_eq!(content(&zookeeper, "/a"), "old\n");
}

#[test]
fn show_and_diff_print_contents_of_the_past() {
    let (_zookeeper, host) = setup();
    publish(&host, "1\n", "/a", "one");
    publish(&host, "2\n", "/a", "two");
    let [two, one, old] = [0, 1, 2].map(|place| number(&host, "/a", place));
    assert_eq!(done(host.ctl("show").args(["/a", &old])).stdout, "old\n");
    let diff = done(host.ctl("diff").args(["/a", &old, &one])).stdout;
    assert_eq!(diff, format!("--- publication {old}\n+++ publication {one}\n@@ -1 +1 @@\n-old\n+1\n"));
    let diff = done(host.ctl("diff").args(["/a", &one])).stdout;
    assert_eq!(diff, format!("--- publication {one}\n+++ now\n@@ -1 +1 @@\n-1\n+2\n"));
    let shown: Value =
        serde_json::from_str(&done(host.ctl("show").args(["/a", &two, "--json"])).stdout).unwrap();
    assert_eq!((&shown["content"], &shown["encoding"]), (&json!("2\n"), &json!("utf8")));
    let same: Value =
        serde_json::from_str(&done(host.ctl("diff").args(["/a", &two, "--json"])).stdout).unwrap();
    assert_eq!((&same["is_same"], &same["diff"]), (&json!(true), &json!("")));
    fails(host.ctl("show").args(["/a", "4711"]), "/a has no publication 4711; `live-data-ctl log` shows");
}

#[test]
fn a_rollback_is_a_publication_with_a_diff() {
    let (zookeeper, host) = setup();
    publish(&host, "1\n", "/a", "one");
    publish(&host, "2\n", "/a", "two");
    let one = number(&host, "/a", 1);
    let dry = done(host.ctl("rollback").args(["/a", "--dry-run"]));
    assert_eq!(dry.stdout, "--- old\n+++ new\n@@ -1 +1 @@\n-2\n+1\n");
    assert_eq!(content(&zookeeper, "/a"), "2\n");
    let back = done(host.ctl("rollback").arg("/a"));
    assert_eq!(back.stdout, dry.stdout);
    assert!(
        back.stderr.starts_with(&format!("Rolling back /a to publication {one} of /a...\n")),
        "{}",
        back.stderr
    );
    assert!(back.stderr.contains(" is now version 3, mzxid 0x"), "{}", back.stderr);
    assert_eq!(content(&zookeeper, "/a"), "1\n");
    let log = log(&host, "/a");
    assert_eq!(messages(&log)[0], format!("roll back /a to publication {one}"));
    let again = done(host.ctl("rollback").args(["/a", &one]));
    assert!(again.stderr.ends_with("No changes detected. Not writing.\n"), "{}", again.stderr);
    let old = number(&host, "/a", 3);
    done(host.ctl("rollback").args(["/a", &old, "--message", "why", "--author", "bob"]));
    assert_eq!(
        (content(&zookeeper, "/a"), messages(&self::log(&host, "/a"))[0]),
        ("old\n".to_owned(), "why")
    );
}

#[test]
fn guards_judge_what_is_rolled_back() {
    let (zookeeper, host) = setup();
    publish(&host, "no json\n", "/a", "");
    publish(&host, "[1]", "/a", "");
    let host = host.node("a", "/a").setting("nodes.a.format", "json");
    fails(host.ctl("rollback").arg("/a"), "nodes.a would reject it");
    assert_eq!(content(&zookeeper, "/a"), "[1]");
}

#[test]
fn a_group_is_written_and_taken_back_as_one() {
    let (zookeeper, host) = setup();
    let also = also(&host, "b1\n");
    let written = done(host.writer("a1\n", "/a").args(["--also", &also, "--message", "both"]));
    let headers = ["--- old /a\n+++ new /a\n", "--- old /b\n+++ new /b\n"];
    assert!(headers.iter().all(|header| written.stdout.contains(header)), "{}", written.stdout);
    let [a, b] = ["/a", "/b"].map(|path| zookeeper.admin().exists(&zookeeper.path(path)).unwrap().unwrap());
    assert_eq!((a.mzxid, a.version, b.version), (b.mzxid, 1, 1));
    assert_eq!(log(&host, "/b")["publications"][0]["group"], json!(["/a", "/b"]));
    let table = done(host.ctl("log").arg("/a")).stdout;
    assert!(table.contains("\n      together: /a, /b\n"), "{table}");
    let before = number(&host, "/b", 1);
    done(host.ctl("rollback").arg("/b"));
    assert_eq!(["/a", "/b"].map(|path| content(&zookeeper, path)), ["old\n", "old\n"]);
    // The number is that of one node, and all of them have it in their logs.
    let said = format!("roll back /b to publication {before}");
    assert_eq!(["/a", "/b"].map(|path| messages(&log(&host, path))[0].to_owned()), [said.clone(), said]);
}

#[test]
fn a_group_with_a_node_that_changed_writes_nothing() {
    let (zookeeper, host) = setup();
    let also = also(&host, "b1\n");
    // The diff is more than a pipe holds: the writer waits for its reader.
    let large: String = (0..20_000).map(|line| format!("line {line}\n")).collect();
    let writer = host.writer(large, "/a").args(["--also", &also]).pause_stdout().start();
    writer.wait_for_stdout("--- old /a", SOON);
    zookeeper.admin().set(&zookeeper.path("/b"), "theirs").unwrap();
    writer.resume_stdout();
    assert_eq!(writer.wait(SOON).code(), Some(1));
    let reason = "nothing was written: /b: it was changed meanwhile\n";
    assert!(writer.stderr().ends_with(reason), "{}", writer.stderr());
    assert_eq!((content(&zookeeper, "/a"), content(&zookeeper, "/b")), ("old\n".into(), "theirs".into()));
}

#[test]
fn guards_of_each_node_of_a_group_are_asked() {
    let (zookeeper, host) = setup();
    let host = host.node("b", "/b").setting("nodes.b.format", "json");
    let writer = host.writer("a1\n", "/a").args(["--also", &also(&host, "no json")]);
    fails(writer, "nodes.b would reject it");
    assert_eq!(content(&zookeeper, "/a"), "old\n");
}

#[test]
fn a_group_that_is_too_large_says_what_counts() {
    let (zookeeper, host) = setup();
    let writer = host.writer(vec![b'y'; 600_000], "/a").args(["--also", &also(&host, vec![b'x'; 600_000])]);
    fails(writer, "and a server takes 1048575 in one request; the contents of all its nodes count");
    assert_eq!((content(&zookeeper, "/a"), content(&zookeeper, "/b")), ("old\n".into(), "old\n".into()));
}

#[test]
fn wrong_usage_of_groups_exits_2() {
    let (_zookeeper, host) = setup();
    for (arguments, reason) in [
        (vec!["--also", "file"], "such as flags.json=/app/flags"),
        (vec!["--also", "/etc/hostname=/a/"], "/a is named twice"),
        (vec!["--also", "-=/b", "--also", "-=/c"], "Only one file can be standard input"),
        (vec!["--also", "x=/b", "--via-s3", "s3://bucket"], "cannot be used with"),
        (vec!["--message", &"x".repeat(1_001)], "the message has 1001 bytes; it may have 1000"),
    ] {
        let output = host.writer("new", "/a").args(&arguments).run(SOON);
        assert_eq!(output.code, Some(2), "{arguments:?}: {}", output.stderr);
        assert!(output.stderr.contains(reason), "{reason} in {}", output.stderr);
    }
}

#[test]
fn without_init_nothing_is_written() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/a"), "old").unwrap();
    let host = Host::new(zookeeper.connect_string()).setting("publish.history", "20");
    fails(
        host.writer("new", "/a"),
        "/live-data/history does not exist: make it with `live-data-ctl init CONFIG`",
    );
    fails(host.ctl("log").arg("/a"), "make it with `live-data-ctl init CONFIG`");
    assert_eq!(content(&zookeeper, "/a"), "old");
}

#[test]
fn with_no_history_no_message_is_kept_and_nothing_rolled_back() {
    let (_zookeeper, host) = setup();
    let host = host.without("publish.history").setting("publish.history", "0");
    let written = publish(&host, "1", "/a", "unseen");
    assert!(
        written.stderr.contains("publish.history is 0: what --message and --author say"),
        "{}",
        written.stderr
    );
    assert_eq!(log(&host, "/a")["publications"], json!([]));
    fails(host.ctl("rollback").arg("/a"), "publish.history is 0");
}

#[test]
fn a_history_is_pruned_after_each_publication() {
    let (_zookeeper, host) = setup();
    let host = host.without("publish.history").setting("publish.history", "3");
    for content in ["1", "2", "3", "4", "5"] {
        publish(&host, content, "/a", content);
    }
    assert_eq!(messages(&log(&host, "/a")), ["5", "4", "3"]);
}

#[test]
fn only_publishers_see_a_history() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/a"), "old").unwrap();
    let host = Host::new(zookeeper.connect_string()).setting("publish.history", "20");
    let host = host.credentials(&["publisher:password"]);
    done(host.ctl("init"));
    publish(&host, "new", "/a", "by a publisher");
    assert_eq!(messages(&log(&host, "/a"))[0], "by a publisher");
    let other = Host::new(zookeeper.connect_string()).setting("publish.history", "20");
    fails(
        other.ctl("log").arg("/a"),
        "not authorized to read /live-data/history/a: check zookeeper.credentials",
    );
    fails(other.ctl("rollback").arg("/a"), "not authorized to read /live-data/history/a");
    fails(other.writer("theirs", "/a"), "not authorized to read /live-data/history");
    assert_eq!(content(&zookeeper, "/a"), "new");
}

#[test]
fn escape_sequences_in_a_log_do_nothing() {
    let (_zookeeper, host) = setup();
    done(host.writer("1", "/a").args(["--message", "\x1b[2J\u{202e}", "--author", "\x07"]));
    for format in [&[][..], &["--json"]] {
        let output = done(host.ctl("log").arg("/a").args(format)).stdout;
        assert!(!output.contains(['\x1b', '\x07', '\u{202e}']), "{output:?}");
    }
}

#[test]
fn an_object_pointer_in_a_diff_shows_no_key() {
    let (_zookeeper, host) = setup();
    let pointer = |key: char| {
        json!({
            "live_data_watcher_load_type": "S3", "bucket_name": "bucket", "file_key": "key", "region_name": null,
            "sse_key": key.to_string().repeat(32),
        })
        .to_string()
    };
    publish(&host, &pointer('A'), "/a", "");
    publish(&host, &pointer('E'), "/a", "");
    let first = number(&host, "/a", 1);
    let diff = done(host.ctl("diff").args(["/a", &first]));
    assert!(!diff.stdout.contains("AAAA") && !diff.stdout.contains("EEEE"), "{}", diff.stdout);
    assert!(diff.stderr.contains("Only the sse_key changes"), "{}", diff.stderr);
}

#[test]
fn a_rollback_is_signed_where_watchers_ask_for_it() {
    let (zookeeper, host) = setup();
    let publisher = Publisher::new();
    let host = host.node("a", "/a").setting("nodes.a.verify", publisher.public().to_str().unwrap());
    let signed = |command: TestCommand| command.arg("--sign").arg(publisher.key());
    done(signed(host.writer("1", "/a")));
    done(signed(host.writer("2", "/a")));
    fails(host.ctl("rollback").arg("/a"), "nodes.a.verify asks for signatures");
    let back = done(signed(host.ctl("rollback").arg("/a")));
    assert!(back.stderr.contains("Signed it with the counter "), "{}", back.stderr);
    assert_eq!(content(&zookeeper, "/a"), "1");
    let watcher = host.once().run(SOON);
    assert_eq!(watcher.code, Some(0), "{}", watcher.stderr);
    assert_eq!(host.read("a").unwrap(), b"1");
}

#[test]
fn a_check_program_judges_a_rollback() {
    let (zookeeper, host) = setup();
    publish(&host, "bad", "/a", "");
    publish(&host, "good", "/a", "");
    let check = host.path("check");
    install_script(&check, 0o700, "#!/bin/sh\ngrep -q good \"$1\"\n");
    let host = host.node("a", "/a").setting("nodes.a.check", check.to_str().unwrap());
    fails(host.ctl("rollback").arg("/a"), "rejects it");
    assert_eq!(content(&zookeeper, "/a"), "good");
}
