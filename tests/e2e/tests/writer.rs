//! The writer's messages, output streams and exit codes, and when it writes.

use std::time::Duration;

use ld_testkit::{Acl, Admin, Host, Namespace, Proxy, ProxyMode, SOON, TestCommand, binary, wait_until};

const OLD: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
const NEW: &str = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
/// With three lines of context.
const DIFF: &str = "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";

/// A namespace with the node `/flags`.
fn flags(content: impl AsRef<[u8]>) -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), content).unwrap();
    let host = Host::new(zookeeper.connect_string());
    (zookeeper, host)
}

fn content(zookeeper: &Namespace) -> Vec<u8> {
    zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0
}

fn version(zookeeper: &Namespace) -> i32 {
    zookeeper.admin().exists(&zookeeper.path("/flags")).unwrap().unwrap().version
}

/// The first line of every run, as in the original.
fn writing(dest: &str) -> String {
    format!("Writing to {dest} in ZooKeeper...\n")
}

/// The last lines of a run that writes: the line of the original, and the node's new version.
fn wrote(zookeeper: &Namespace) -> String {
    let stat = zookeeper.admin().exists(&zookeeper.path("/flags")).unwrap().unwrap();
    let (version, mzxid, bytes) = (stat.version, stat.mzxid, content(zookeeper).len());
    let place = format!("/flags in {}", zookeeper.connect_string());
    format!("Wrote data to Zookeeper.\n{place} is now version {version}, mzxid {mzxid:#x}, {bytes} bytes\n")
}

#[test]
fn it_announces_shows_a_diff_writes_and_confirms() {
    let (zookeeper, host) = flags(OLD);
    let writer = host.writer(NEW, "/flags").run(SOON);
    assert_eq!(writer.code, Some(0));
    assert_eq!(writer.stderr, writing("/flags") + &wrote(&zookeeper));
    assert_eq!(writer.stdout, DIFF);
    assert_eq!((content(&zookeeper), version(&zookeeper)), (NEW.into(), 1));
}

#[test]
fn the_same_bytes_are_not_written() {
    let (zookeeper, host) = flags(OLD);
    let writer = host.writer(OLD, "/flags").run(SOON);
    assert_eq!((writer.code, writer.stdout.as_str()), (Some(0), ""));
    assert_eq!(writer.stderr, writing("/flags") + "No changes detected. Not writing.\n");
    assert_eq!(version(&zookeeper), 0);
}

#[test]
fn a_dry_run_shows_the_diff_and_writes_nothing() {
    let (zookeeper, host) = flags(OLD);
    let writer = host.writer(NEW, "/flags").arg("--dry-run").run(SOON);
    assert_eq!((writer.code, writer.stdout.as_str()), (Some(0), DIFF));
    assert_eq!(writer.stderr, writing("/flags") + "Dry run. Not writing.\n");
    assert_eq!((content(&zookeeper), version(&zookeeper)), (OLD.into(), 0));
}

#[test]
fn without_text_on_both_sides_the_diff_is_skipped() {
    for (old, new) in [(&b"\xff"[..], &b"text"[..]), (b"text", b"\xff\xff")] {
        let (zookeeper, host) = flags(old);
        let writer = host.writer(new, "/flags").run(SOON);
        assert_eq!((writer.code, writer.stdout.as_str()), (Some(0), ""));
        let skipping = "Skipping diff, data appears to be binary.\n";
        assert_eq!(writer.stderr, writing("/flags") + skipping + &wrote(&zookeeper));
        assert_eq!(content(&zookeeper), new);
    }
}

#[test]
fn a_null_node_is_empty_to_the_writer() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create_null(&zookeeper.path("/flags")).unwrap();
    let host = Host::new(zookeeper.connect_string());
    let writer = host.writer("", "/flags").run(SOON);
    assert!(writer.stderr.ends_with("No changes detected. Not writing.\n"), "{}", writer.stderr);
    let writer = host.writer("x\n", "/flags").run(SOON);
    assert_eq!((writer.code, writer.stdout.as_str()), (Some(0), "--- old\n+++ new\n@@ -0,0 +1 @@\n+x\n"));
    assert_eq!(content(&zookeeper), b"x\n");
}

#[test]
fn a_missing_node_is_not_created_exit_1() {
    let (zookeeper, host) = flags("");
    let writer = host.writer(NEW, "/missing").run(SOON);
    assert_eq!((writer.code, writer.stdout.as_str()), (Some(1), ""));
    let sentence = "Target node does not exist. Please create it with appropriate ACLs first.\n";
    let (said, command) = writer.stderr.split_once("With an ACL of your choice: ").unwrap();
    assert_eq!(said, writing("/missing") + sentence);
    assert!(command.starts_with("live-data-ctl create ") && command.contains(" /missing "), "{command}");
    assert_eq!(zookeeper.admin().exists(&zookeeper.path("/missing")).unwrap(), None);
}

#[test]
fn an_empty_path_and_the_root_are_refused_with_what_to_do() {
    let (zookeeper, host) = flags(OLD);
    for dest in ["", "/", "//"] {
        let writer = host.writer(NEW, dest).run(SOON);
        assert_eq!((writer.code, writer.stdout.as_str()), (Some(1), ""), "{dest:?}");
        let sentence =
            format!("'{dest}' cannot be written: name a node below the root, such as /app/config\n");
        assert!(writer.stderr.ends_with(&sentence), "{}", writer.stderr);
    }
    assert_eq!(zookeeper.admin().get(zookeeper.chroot()).unwrap().0, b"");
}

#[test]
fn an_invalid_path_has_the_same_error_as_a_source() {
    let (zookeeper, host) = flags(OLD);
    for dest in ["/app/../flags", "./flags", "/fl\tags", "/a\u{7f}"] {
        let writer = host.writer(NEW, dest).run(SOON);
        assert_eq!((writer.code, writer.stdout.as_str()), (Some(1), ""), "{dest:?}");
        let source = Host::new(zookeeper.connect_string()).node("flags", dest).watcher().run(SOON);
        let refusal = writer.stderr.lines().last().unwrap();
        assert!(refusal.contains("znode path"), "{}", writer.stderr);
        assert!(source.stderr.contains(refusal), "{}\n{}", writer.stderr, source.stderr);
    }
    assert_eq!(version(&zookeeper), 0);
}

#[test]
fn a_path_is_repaired_as_the_original_repairs_it() {
    for dest in ["flags", "/flags/", "//flags"] {
        let (zookeeper, host) = flags(OLD);
        let writer = host.writer(NEW, dest).run(SOON);
        assert_eq!(writer.code, Some(0), "{dest}: {}", writer.stderr);
        assert_eq!(content(&zookeeper), NEW.as_bytes(), "{dest}");
    }
}

#[test]
fn guards_apply_to_each_spelling_of_a_path() {
    let (zookeeper, host) = flags("");
    let host = host.node("flags", "/flags").setting("nodes.flags.max_bytes", "3");
    for dest in ["/flags", "flags", "//flags", "/.//flags"] {
        let writer = host.writer(NEW, dest).run(SOON);
        assert_eq!((writer.code, writer.stdout.as_str()), (Some(1), ""), "{dest}: {}", writer.stderr);
    }
    let host = Host::new(zookeeper.server().connect_string()).node("flags", &zookeeper.path("/flags"));
    let host = host.setting("nodes.flags.max_bytes", "3");
    let writer = host.writer(NEW, &format!("{}//flags", zookeeper.chroot())).run(SOON);
    assert_eq!(writer.code, Some(1), "{}", writer.stderr);
    assert_eq!(content(&zookeeper), b"");
}

#[test]
fn a_change_between_read_and_write_is_not_overwritten() {
    let old = OLD.repeat(1_000);
    let zookeeper = flags(&old).0;
    let proxy = Proxy::start(zookeeper.server().address());
    let host = Host::new(format!("{}{}", proxy.connect_string(), zookeeper.chroot()))
        .setting("zookeeper.timeout", "60 seconds");
    // The server's answers are delayed, so that the node changes while its old content is on its
    // way to the writer.
    let to_client = Duration::from_millis(1_500);
    proxy.set_mode(ProxyMode::Delay { to_server: Duration::ZERO, to_client });
    let writer = host.writer(NEW, "/flags").start();
    wait_until("the answer with the content", SOON, || proxy.counts().bytes_from_server > old.len() as u64);
    zookeeper.admin().set(&zookeeper.path("/flags"), "of another writer").unwrap();
    proxy.set_mode(ProxyMode::Pass);
    assert_eq!(writer.wait(SOON).code(), Some(1));
    writer.wait_for_stderr("The data in ZooKeeper changed unexpectedly.\n", SOON);
    assert!(!writer.stderr().contains("Wrote"), "{}", writer.stderr());
    assert_eq!(content(&zookeeper), b"of another writer");
}

#[test]
fn a_node_without_permission_is_named_with_what_to_check() {
    let (zookeeper, host) = flags(OLD);
    let owner = Admin::new(zookeeper.server().address()).with_digest("owner:secret");
    for (right, action) in [(Acl::READ, "write"), (Acl::WRITE, "read")] {
        let acl = [Acl::anyone(right), Acl::creator(Acl::ALL)];
        owner.set_acl(&zookeeper.path("/flags"), &acl).unwrap();
        let writer = host.writer(NEW, "/flags").run(SOON);
        assert_eq!(writer.code, Some(1), "{}", writer.stderr);
        let sentence =
            format!("not authorized to {action} /flags: check zookeeper.credentials and the node's ACL\n");
        assert!(writer.stderr.ends_with(&sentence), "{}", writer.stderr);
    }
    let host = host.credentials(&["owner:secret"]);
    let writer = host.writer(NEW, "/flags").run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    assert_eq!(owner.get(&zookeeper.path("/flags")).unwrap().0, NEW.as_bytes());
}

#[test]
fn the_diff_of_large_content_is_bounded_in_time() {
    let old: String = (0..60_000).map(|i| format!("line {i}\n")).collect();
    let new: String = (0..60_000).map(|i| format!("line {}\n", if i % 2 == 0 { i } else { i * 7 })).collect();
    let (zookeeper, host) = flags(&old);
    let writer = host.writer(&new, "/flags").run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    assert!(!writer.stdout.is_empty());
    assert!(content(&zookeeper) == new.as_bytes());
}

/// The output of the writer on a terminal, both streams together.
fn on_a_terminal(host: &Host, no_color: Option<&str>) -> String {
    // Writes the source file.
    let _ = host.writer(NEW, "/flags");
    let paths = [binary("live-data-writer"), host.config(), host.path("source")];
    let line: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let line = format!("{} --dry-run /flags", line.join(" "));
    let script = TestCommand::new("script").args(["-qec", &line, "/dev/null"]);
    let output = match no_color {
        Some(value) => script.env("NO_COLOR", value),
        None => script.env_remove("NO_COLOR"),
    };
    let output = output.run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stdout);
    output.stdout.replace("\r\n", "\n")
}

#[test]
fn the_diff_is_coloured_only_on_a_terminal_without_no_color() {
    let (_zookeeper, host) = flags(OLD);
    let coloured = on_a_terminal(&host, None);
    assert!(coloured.contains("\x1b[31m-5") && coloured.contains("\x1b[32m+five"), "{coloured:?}");
    let plain = on_a_terminal(&host, Some("1"));
    assert!(plain.contains(DIFF) && !plain.contains('\x1b'), "{plain:?}");
    // https://no-color.org: an empty value does not count.
    assert!(on_a_terminal(&host, Some("")).contains('\x1b'));
}
