//! The writer with `--via-s3`: content in S3, a pointer in the node, a file on the host.

use std::fs::{self, File};
use std::time::Duration;

use ld_testkit::{
    Daemon, Host, Namespace, Proxy, ProxyMode, S3Fault, S3Server, SOON, TestCommand, TestOutput, wait_until,
};
use serde_json::Value;

use crate::pointers::{bytes, with_s3};

/// For a program that hashes and sends 70 MiB, built without optimization, on a busy machine.
const LARGE: Duration = Duration::from_secs(240);

/// The ways to store content: arguments, and the number of objects.
const STORAGES: [(&[&str], usize); 4] =
    [(&[], 1), (&["--sse-c"], 1), (&["--shards", "3"], 2), (&["--sse-c", "--shards", "4"], 3)];

/// A node `/flags`, a server with S3's rules, and a host with that node.
struct Rig {
    zookeeper: Namespace,
    s3: S3Server,
    host: Host,
}

impl Rig {
    fn new(content: impl AsRef<[u8]>) -> Self {
        let (zookeeper, s3) = (Namespace::new(), S3Server::start());
        zookeeper.admin().create(&zookeeper.path("/flags"), content).unwrap();
        let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
        Self { zookeeper, s3, host }
    }

    fn setting(mut self, key: &str, value: &str) -> Self {
        self.host = self.host.setting(key, value);
        self
    }

    fn writer(&self, content: impl AsRef<[u8]>, arguments: &[&str]) -> TestCommand {
        let writer = with_s3(self.host.writer(content, "/flags"), &self.s3);
        writer.args(["--via-s3", "s3://bkt/live"]).args(arguments)
    }

    /// Runs the writer, which must succeed.
    #[track_caller]
    fn publish(&self, content: impl AsRef<[u8]>, arguments: &[&str]) -> TestOutput {
        let written = self.writer(content, arguments).run(SOON);
        assert_eq!(written.code, Some(0), "{}", written.stderr);
        written
    }

    fn watcher(&self) -> Daemon {
        with_s3(self.host.watcher(), &self.s3).start()
    }

    /// The text of the node, and its version.
    fn node(&self) -> (String, i32) {
        let (content, stat) = self.zookeeper.admin().get(&self.zookeeper.path("/flags")).unwrap();
        (String::from_utf8(content).unwrap(), stat.version)
    }

    /// The pointer in the node.
    fn pointer(&self) -> Value {
        serde_json::from_str(&self.node().0).unwrap()
    }

    /// The number of objects that were sent.
    fn puts(&self) -> usize {
        self.s3.requests().iter().filter(|request| request.method == "PUT").count()
    }

    /// `s3://BUCKET/KEY` of all objects.
    fn objects(&self) -> Vec<String> {
        self.s3.places().iter().map(|place| format!("s3://{place}")).collect()
    }

    /// A writer that has read the node and waits for the reader of its diff, which is larger than a
    /// pipe.
    fn paused_writer(&self, arguments: &[&str]) -> (Daemon, String) {
        let content: String = (0..30_000).map(|line| format!("line {line}\n")).collect();
        let writer = self.writer(&content, arguments).pause_stdout().start();
        wait_until("the diff", SOON, || writer.stdout().contains("+line"));
        (writer, content)
    }
}

#[test]
fn published_content_reaches_the_file_however_it_is_stored() {
    for (arguments, objects) in STORAGES {
        let rig = Rig::new("old");
        let _watcher = rig.watcher();
        rig.host.wait_for("flags", "old");
        let written = rig.publish("new", arguments);
        rig.host.wait_for("flags", "new");
        assert_eq!(
            written.stdout,
            "--- old\n+++ new\n@@ -1 +1 @@\n-old\n\\ No newline at end of file\n+new\n\\ No newline at end of file\n"
        );
        assert_eq!(rig.objects().len(), objects, "{arguments:?}");
        for object in rig.objects() {
            assert!(written.stderr.contains(&format!("Uploaded {object}.\n")), "{}", written.stderr);
        }
        assert!(written.stderr.contains("/flags in ") && written.stderr.contains(" is now version 1, "));
    }
}

#[test]
fn the_pointer_has_the_fields_of_the_original() {
    let hash = "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437";
    let rig = Rig::new("old");
    rig.publish("new", &[]);
    let key = format!("live/{hash}");
    assert_eq!(
        rig.node().0,
        format!(
            r#"{{"live_data_watcher_load_type":"S3","bucket_name":"bkt","file_key":"{key}","sse_key":null,"region_name":"us-east-1","sha256":"{hash}"}}"#
        )
    );
    rig.publish("new", &["--sse-c", "--shards", "3"]);
    let pointer = rig.pointer();
    assert_eq!(pointer["num_file_shards"], 3);
    assert_eq!(pointer["sha256"], hash);
    assert_eq!(pointer["sse_key"].as_str().unwrap().len(), 32);
    let key = pointer["file_key"].as_str().unwrap();
    assert!(key.starts_with(&format!("live/{hash}-")) && key.len() == 5 + 64 + 1 + 32, "{key}");
}

#[test]
fn seventy_mib_go_in_parts_and_reach_the_file() {
    const SIZE: u64 = 70 << 20;
    let rig = Rig::new("old");
    let _watcher = rig.watcher();
    let source = rig.host.path("source");
    let writer = rig.writer("", &["--sse-c"]);
    File::create(&source).unwrap().set_len(SIZE).unwrap();
    let written = writer.run(LARGE);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let hash = rig.pointer()["sha256"].as_str().unwrap().to_owned();
    let summary = format!("become 73,400,320 bytes with SHA-256 {hash}.\n");
    assert!(written.stdout.ends_with(&summary), "{}", written.stdout);
    assert_eq!((rig.puts(), rig.s3.open_uploads().len()), (5, 0));
    let length = || fs::metadata(rig.host.file("flags")).map_or(0, |metadata| metadata.len());
    wait_until("the file", LARGE, || length() == SIZE);
}

#[test]
fn standard_input_is_published_too() {
    let rig = Rig::new("old");
    let writer = with_s3(TestCommand::new(ld_testkit::binary("live-data-writer")), &rig.s3);
    let writer = writer.args(["--via-s3", "s3://bkt/live"]).arg(rig.host.config()).args(["-", "/flags"]);
    assert_eq!(writer.clone().stdin("from a pipe").run(SOON).code, Some(0));
    assert_eq!(rig.s3.content(&rig.s3.places()[0]).unwrap(), b"from a pipe");
    let empty = writer.clone().run(SOON);
    assert_eq!(empty.code, Some(1), "{}", empty.stderr);
    assert!(empty.stderr.contains("standard input is empty; nothing was written"), "{}", empty.stderr);
    assert_eq!(writer.arg("--allow-empty").run(SOON).code, Some(0));
    assert_eq!(rig.objects().len(), 2);
}

#[test]
fn nothing_is_overwritten_and_old_pointers_stay_readable() {
    for (arguments, _) in STORAGES {
        let rig = Rig::new("old");
        let _watcher = rig.watcher();
        rig.publish("one", arguments);
        let (first, before) = (rig.node().0, rig.objects());
        rig.publish("two", arguments);
        rig.host.wait_for("flags", "two");
        assert!(before.iter().all(|object| rig.objects().contains(object)), "{arguments:?}");
        assert_eq!(rig.objects().len(), 2 * before.len());
        rig.zookeeper.admin().set(&rig.zookeeper.path("/flags"), &first).unwrap();
        rig.host.wait_for("flags", "one");
        // Plain content has the same name again: it is there, and not sent.
        rig.publish("two", arguments);
        rig.host.wait_for("flags", "two");
    }
}

#[test]
fn unchanged_content_is_neither_uploaded_nor_written() {
    for (arguments, _) in STORAGES {
        let rig = Rig::new("old");
        rig.publish("new", arguments);
        let (node, puts) = (rig.node(), rig.puts());
        let again = rig.publish("new", arguments);
        assert_eq!(again.stderr, "Writing to /flags in ZooKeeper...\nNo changes detected. Not writing.\n");
        assert_eq!((rig.node(), rig.puts(), again.stdout.as_str()), (node, puts, ""));
    }
}

#[test]
fn the_same_content_is_stored_anew_only_when_asked_for() {
    let rig = Rig::new("same");
    let written = rig.publish("same", &[]);
    let line = "The content is the same. Only the place where it is stored changes.\n";
    assert!(written.stderr.contains(line) && written.stdout.is_empty(), "{}", written.stderr);
    assert!(rig.publish("same", &["--sse-c"]).stderr.contains(line));
    assert_ne!(rig.pointer()["sse_key"], Value::Null);
    assert_eq!(rig.node().1, 2);
}

#[test]
fn a_lost_object_is_uploaded_again() {
    let rig = Rig::new("old");
    rig.publish("new", &[]);
    let (place, node) = (rig.s3.places().remove(0), rig.node());
    rig.s3.remove(&place);
    let written = rig.publish("new", &[]);
    assert!(written.stderr.contains("the answer is 404"), "{}", written.stderr);
    assert!(
        written.stderr.contains("The node holds the pointer already. Not writing."),
        "{}",
        written.stderr
    );
    assert_eq!((rig.s3.content(&place), rig.node()), (Some(b"new".to_vec()), node));
}

#[test]
fn a_dry_run_shows_the_diff_and_uploads_nothing() {
    let rig = Rig::new("old");
    let written = rig.publish("new", &["--dry-run"]);
    assert!(written.stdout.contains("-old") && written.stdout.contains("+new"), "{}", written.stdout);
    assert!(written.stderr.ends_with("Dry run. Not writing.\n"), "{}", written.stderr);
    assert_eq!((rig.puts(), rig.node()), (0, ("old".to_owned(), 0)));
}

#[test]
fn a_rollout_of_the_node_is_told_before_the_upload() {
    let rig = Rig::new("old").setting("publish.history", "20");
    let plan = rig.zookeeper.path("/live-data/rollouts/flags");
    rig.zookeeper.admin().create_all(&plan, "{}").unwrap();
    let written = rig.publish("new", &["--dry-run"]);
    assert!(written.stderr.contains("a rollout of /flags runs: it cannot be promoted"), "{}", written.stderr);
}

#[test]
fn the_diff_is_that_of_the_content_and_not_of_pointers() {
    for (arguments, _) in STORAGES {
        let rig = Rig::new("x");
        rig.publish("1\n2\n3\n", arguments);
        let written = rig.publish("1\n2\nthree\n", arguments);
        assert_eq!(written.stdout, "--- old\n+++ new\n@@ -1,3 +1,3 @@\n 1\n 2\n-3\n+three\n");
    }
}

#[test]
fn what_is_no_text_or_too_large_is_shown_by_size_and_hash() {
    let rig = Rig::new("x");
    rig.publish(b"\xff", &[]);
    let old = rig.pointer()["sha256"].as_str().unwrap().to_owned();
    for content in [b"text".to_vec(), vec![b'x'; (8 << 20) + 1]] {
        let written = rig.publish(&content, &["--dry-run"]);
        let start = format!("The change is not shown: 1 byte with SHA-256 {old} become ");
        assert!(written.stdout.starts_with(&start), "{}", written.stdout);
    }
}

#[test]
fn guards_judge_the_content_and_not_the_pointer() {
    let rig = Rig::new("old").setting("nodes.flags.max_bytes", "8").setting("nodes.flags.format", "json");
    for (content, reason) in [("123456789", "max_bytes is 8"), ("{", "it is not JSON")] {
        let refused = rig.writer(content, &[]).run(SOON);
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains("nodes.flags would reject it") && refused.stderr.contains(reason));
    }
    assert_eq!((rig.s3.requests().len(), rig.node().1), (0, 0));
    // The pointer is longer than 8 bytes.
    rig.publish("12345678", &[]);
    let rig = Rig::new("old").setting("nodes.flags.check", "/bin/false");
    let refused = rig.writer("x", &[]).run(SOON);
    assert!(refused.stderr.contains("the check /bin/false rejects it"), "{}", refused.stderr);
}

#[test]
fn content_that_watchers_would_not_load_is_refused() {
    let rig = Rig::new("old").setting("s3.max_bytes", "8");
    let refused = rig.writer("123456789", &[]).run(SOON);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("s3.max_bytes is 8"), "{}", refused.stderr);
    let pointer = r#"{"live_data_watcher_load_type": "S3"}"#;
    let rig = Rig::new("old");
    let refused = rig.writer(pointer, &[]).run(SOON);
    assert!(refused.stderr.contains("is a pointer itself"), "{}", refused.stderr);
    assert_eq!(rig.s3.requests().len(), 0);
}

#[test]
fn no_output_shows_a_key() {
    let rig = Rig::new("old");
    for content in ["one\n", "two\n", "two\n"] {
        for format in ["plain", "json"] {
            let writer = rig.writer(content, &["--sse-c", "--debug", "--log-format", format]);
            let written = writer.env("RUST_LOG", "trace").run(SOON);
            assert_eq!(written.code, Some(0), "{}", written.stderr);
            let key = rig.pointer()["sse_key"].as_str().unwrap().to_owned();
            let sent: Vec<_> =
                rig.s3.requests().iter().flat_map(|request| secrets_of(&request.headers)).collect();
            assert!(!sent.is_empty());
            for secret in sent.iter().chain([&key]) {
                for shown in [&written.stdout, &written.stderr] {
                    assert!(!shown.contains(secret.as_str()), "{secret} in {shown}");
                }
            }
        }
    }
}

/// The key as it is sent, and its hash.
fn secrets_of(headers: &[(String, String)]) -> Vec<String> {
    let names =
        ["x-amz-server-side-encryption-customer-key", "x-amz-server-side-encryption-customer-key-md5"];
    headers
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()))
        .map(|(_, value)| value.clone())
        .collect()
}

#[test]
fn a_conflict_names_what_is_left_in_the_bucket() {
    let rig = Rig::new("old");
    let (writer, content) = rig.paused_writer(&["--shards", "3"]);
    rig.zookeeper.admin().set(&rig.zookeeper.path("/flags"), "another writer's").unwrap();
    writer.resume_stdout();
    assert_eq!(writer.wait(SOON).code(), Some(1));
    let left = rig.objects().join(", ");
    let expected = format!(
        "The data in ZooKeeper changed unexpectedly.\nleft in the bucket, and only a node with the same \
         content may point to it: {left}\n"
    );
    wait_for_end(&writer, &expected);
    assert_eq!(rig.node(), ("another writer's".to_owned(), 1));
    assert_eq!(rig.s3.content(&rig.s3.places()[0]).unwrap(), content.as_bytes());
}

#[test]
fn a_lost_connection_names_what_is_left_in_the_bucket() {
    let rig = Rig::new("old");
    let proxy = Proxy::start(rig.zookeeper.server().address());
    let host = Host::new(format!("{}{}", proxy.address(), rig.zookeeper.chroot())).node("flags", "/flags");
    let rig = Rig { host, ..rig };
    let (writer, _) = rig.paused_writer(&["--timeout", "2s"]);
    proxy.set_mode(ProxyMode::Refuse);
    writer.resume_stdout();
    assert_eq!(writer.wait(Duration::from_secs(60)).code(), Some(1));
    let expected = format!("may point to it: {}\n", rig.objects().join(", "));
    wait_for_end(&writer, &expected);
    assert_eq!(rig.node(), ("old".to_owned(), 0));
}

#[test]
fn a_refused_upload_leaves_the_node_as_it_is() {
    let rig = Rig::new("old");
    rig.s3.refuse_sse_c();
    let refused = rig.writer("new", &["--sse-c"]).run(SOON);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("the node was not written: s3://bkt/live/"), "{}", refused.stderr);
    assert!(refused.stderr.contains("403 (AccessDenied); buckets made since April 2026 refuse SSE-C"));
    assert!(!refused.stderr.contains("left in the bucket"), "{}", refused.stderr);
    assert_eq!((rig.node().1, rig.objects().len()), (0, 0));
}

#[test]
fn a_signal_in_an_upload_aborts_it_and_names_what_is_left() {
    for signal in [Daemon::interrupt, Daemon::terminate] {
        let rig = Rig::new("old");
        let writer = rig.writer("", &["--shards", "3"]);
        File::create(rig.host.path("source")).unwrap().set_len(65 << 20).unwrap();
        let hash = zeros_hash();
        // HEAD, create, and the second part of the second copy.
        let stall = [S3Fault::None, S3Fault::None, S3Fault::None, S3Fault::Silence];
        rig.s3.script(&format!("bkt/2/live/{hash}"), stall);
        let writer = writer.start();
        let is_stalled = || {
            let stalled = |target: &str| target.contains("/2/live/") && target.contains("partNumber=2");
            rig.s3.requests().iter().any(|request| stalled(&request.target))
        };
        wait_until("the second copy", LARGE, is_stalled);
        writer.wait_for_stderr("Uploading: ", SOON);
        assert!(writer.stderr().contains(" of 130 MiB\n"), "{}", writer.stderr());
        signal(&writer);
        assert_eq!(writer.wait(SOON).code(), Some(1));
        let expected = format!(
            "s3://bkt/2/live/{hash}: the upload in parts was aborted.\nthe node was not written: interrupted\n\
             left in the bucket, and only a node with the same content may point to it: s3://bkt/1/live/{hash}\n"
        );
        wait_for_end(&writer, &expected);
        assert_eq!((rig.s3.open_uploads().len(), rig.node().1), (0, 0));
    }
}

#[test]
fn a_large_upload_takes_little_memory() {
    let rig = Rig::new("old");
    let writer = rig.writer("", &[]);
    File::create(rig.host.path("source")).unwrap().set_len(65 << 20).unwrap();
    // HEAD, create, and four parts.
    let stall = (0..5).map(|_| S3Fault::None).chain([S3Fault::Silence]);
    rig.s3.script(&format!("bkt/live/{}", zeros_hash()), stall);
    let writer = writer.start();
    wait_until("the fourth part", LARGE, || rig.puts() == 4);
    let peak = writer.memory("VmHWM");
    assert!(peak < 32 << 10, "{peak} KiB");
    writer.kill();
}

/// Waits until the last lines of a writer are these.
#[track_caller]
fn wait_for_end(writer: &Daemon, lines: &str) {
    writer.wait_until("the last lines", SOON, |writer| writer.stderr().ends_with(lines));
}

/// The SHA-256 of 65 MiB of zeros.
fn zeros_hash() -> &'static str {
    "25631f11bd18756ec0029380ec886af0c8824dc6b2706bbdb1d9451c7cf45f42"
}

#[test]
fn a_terminal_shows_how_many_bytes_were_sent() {
    let rig = Rig::new("old");
    File::create(rig.host.path("source")).unwrap().set_len(65 << 20).unwrap();
    let paths = [ld_testkit::binary("live-data-writer"), rig.host.config(), rig.host.path("source")];
    let line: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let line = format!("{} --via-s3 s3://bkt/live /flags", line.join(" "));
    let script = TestCommand::new("script").args(["-qefc", &line, "/dev/null"]).env("TERM", "xterm");
    let written = with_s3(script, &rig.s3).run(LARGE);
    assert_eq!(written.code, Some(0), "{}", written.stdout);
    assert!(written.stdout.contains("/65.00 MiB, "), "{}", written.stdout);
    assert!(!written.stdout.contains("Uploading: "), "{}", written.stdout);
}

#[test]
fn killed_in_an_upload_it_leaves_the_old_pointer() {
    let rig = Rig::new("old");
    rig.publish("one", &["--sse-c"]);
    let node = rig.node();
    let place = format!("bkt/live/{}", "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3");
    rig.s3.script(&place, [S3Fault::None, S3Fault::Silence]);
    let writer = rig.writer("two", &[]).start();
    wait_until("the upload", SOON, || rig.puts() == 2);
    writer.kill();
    assert_eq!(rig.node(), node);
    let _watcher = rig.watcher();
    rig.host.wait_for("flags", "one");
}

#[test]
fn wrong_usage_ends_with_2() {
    let rig = Rig::new("old");
    for arguments in [
        &["--sse-c"][..],
        &["--shards", "3"],
        &["--via-s3", "bkt/live"],
        &["--via-s3", "s3://"],
        &["--via-s3", "s3://bkt/live", "--shards", "1"],
    ] {
        let wrong = with_s3(rig.host.writer("new", "/flags"), &rig.s3).args(arguments).run(SOON);
        assert_eq!(wrong.code, Some(2), "{arguments:?}: {}", wrong.stderr);
    }
    assert_eq!((rig.s3.requests().len(), rig.node().1), (0, 0));
}

#[test]
fn a_pointer_is_written_without_showing_its_key() {
    const KEY: &str = "planted-0123456789abcdef01234567";
    let pointer = |key: &str, file: &str| {
        format!(
            r#"{{"live_data_watcher_load_type": "S3", "bucket_name": "bkt", "file_key": "{file}", "sse_key": "{key}", "region_name": null}}"#
        ) + "\n"
    };
    let rig = Rig::new(pointer(KEY, "one")).setting("nodes.flags.max_bytes", "8");
    let masked = |file| pointer("***", file);
    let two = pointer(KEY, "two");
    let written = rig.host.writer(&two, "/flags").run(SOON);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let expected = format!("--- old\n+++ new\n@@ -1 +1 @@\n-{}+{}", masked("one"), masked("two"));
    assert_eq!((written.stdout, rig.node().0), (expected, two));
    let line = "The content is a pointer to s3://bkt/two: guards judge only what it points to.\n";
    assert!(written.stderr.contains(line), "{}", written.stderr);
    // Only the key.
    let three = pointer(&KEY.replace("0123", "3210"), "two");
    let written = rig.host.writer(&three, "/flags").run(SOON);
    assert!(written.stdout.is_empty() && written.stderr.contains("Only the sse_key changes"));
    assert_eq!(rig.node().0, three);
    // The old side alone.
    let written = rig.host.without("nodes.").writer("plain", "/flags").run(SOON);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    assert!(written.stdout.contains("***") && !written.stdout.contains("planted"), "{}", written.stdout);
}

#[test]
fn a_pointer_that_no_watcher_can_load_is_refused() {
    let rig = Rig::new("old");
    let pointer = r#"{"live_data_watcher_load_type": "S3", "bucket_name": "bkt", "file_key": "k",
        "sse_key": "planted-and-short", "region_name": null}"#;
    let refused = rig.host.writer(pointer, "/flags").run(SOON);
    assert_eq!(refused.code, Some(1));
    let reason = "nothing was written: the pointer to S3 is not valid: 'sse_key' has not 32 bytes\n";
    assert!(refused.stderr.ends_with(reason), "{}", refused.stderr);
    assert_eq!(rig.node().1, 0);
}

#[test]
fn bytes_of_any_kind_come_back_unchanged() {
    let rig = Rig::new("old");
    let _watcher = rig.watcher();
    rig.publish(bytes(1_000_000), &["--sse-c", "--shards", "2"]);
    rig.host.wait_for("flags", bytes(1_000_000));
}
