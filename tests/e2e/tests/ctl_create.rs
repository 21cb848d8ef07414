//! `live-data-ctl create` and `delete`.

use std::fs;

use ld_testkit::{Acl, Host, Namespace, SOON, TestCommand, TestOutput, binary, wait_until};
use serde_json::{Value, json};

const OWNER: &str = "owner:planted-password";

fn namespace() -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string());
    (zookeeper, host)
}

#[track_caller]
fn ends(command: TestCommand, code: i32, reason: &str) -> TestOutput {
    let output = command.run(SOON);
    output.assert_ends(code, reason);
    assert!(!(output.stderr.clone() + &output.stdout).contains("planted-password"));
    output
}

fn open(command: TestCommand) -> TestCommand {
    command.args(["--acl", "world:anyone:all"])
}

#[test]
fn a_node_comes_with_its_parents_content_and_acl() {
    let (zookeeper, host) = namespace();
    let host = host.credentials(&[OWNER]);
    let source = host.path("source");
    fs::write(&source, "content").unwrap();
    let acl = ["--acl", "world:anyone:r", "--acl", "digest-secret:secret/zookeeper/0:all"];
    let create = host.ctl("create").arg("/app/prod/flags").arg(&source).args(acl);
    let output = ends(create, 0, "Created /app/prod/flags in ");
    assert!(output.stderr.starts_with("Created /app in "), "{}", output.stderr);
    assert_eq!(output.stdout, "");
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/app/prod/flags")).unwrap().0, b"content");
    // All of it was one transaction.
    let created = ["/app", "/app/prod", "/app/prod/flags"]
        .map(|path| zookeeper.admin().exists(&zookeeper.path(path)).unwrap().unwrap().czxid);
    assert!(created.iter().all(|czxid| *czxid == created[0]), "{created:?}");
    // Another user may read it, and no more.
    let other = Host::new(zookeeper.connect_string()).credentials(&["other:password"]);
    assert_eq!(ends(other.ctl("get").arg("/app/prod/flags"), 0, "").stdout, "content");
    ends(other.writer("theirs", "/app/prod/flags"), 1, "not authorized to write /app/prod/flags");
    let theirs = open(other.ctl("create").arg("/app/prod/theirs"));
    ends(theirs, 1, "not authorized to create nodes below /app/prod: check zookeeper.credentials");
    ends(
        other.ctl("delete").args(["/app/prod/flags", "--yes"]),
        1,
        "not authorized to remove nodes below /app/prod",
    );
    ends(
        other.ctl("set-acl").args(["/app", "--acl", "world:anyone:all"]),
        1,
        "not authorized to set the ACL of /app",
    );
    ends(host.writer("ours", "/app/prod/flags"), 0, "Wrote data to Zookeeper.");
}

#[test]
fn create_prints_json() {
    let (zookeeper, host) = namespace();
    let output = ends(open(host.ctl("create").args(["/a/b", "--json"])), 0, "");
    let created: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((&created["path"], &created["parents"]), (&json!("/a/b"), &json!(["/a"])));
    let czxid = zookeeper.admin().exists(&zookeeper.path("/a/b")).unwrap().unwrap().czxid;
    assert_eq!((&created["czxid"], &created["bytes"]), (&json!(czxid), &json!(0)));
}

#[test]
fn an_existing_node_is_an_error_and_stays() {
    let (zookeeper, host) = namespace();
    zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
    ends(open(host.ctl("create").arg("/flags")), 1, "/flags exists already; nothing was written");
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/flags")).unwrap().0, b"old");
    ends(open(host.ctl("create").arg("/")), 1, "name a node below the root");
}

#[test]
fn the_guards_of_the_node_judge_the_content() {
    let (zookeeper, host) = namespace();
    let host = host.node("flags", "/app/flags").setting("nodes.flags.format", "json");
    let create = || open(host.ctl("create").args(["/app/flags", "-"]));
    ends(create().stdin("{"), 1, "the content must not be published: nodes.flags would reject it");
    ends(create(), 1, "standard input is empty; nothing was written");
    assert_eq!(zookeeper.admin().exists(&zookeeper.path("/app")).unwrap(), None);
    ends(create().stdin("{}"), 0, "Created /app/flags");
}

#[test]
fn parents_may_have_an_acl_of_their_own() {
    let (zookeeper, host) = namespace();
    let create = || host.ctl("create").args(["/a/b/c", "--acl", "world:anyone:r"]);
    let reason = "/a would not let /a/b be created: its ACL needs the permission c (create)";
    ends(create(), 1, reason);
    assert_eq!(zookeeper.admin().exists(&zookeeper.path("/a")).unwrap(), None);
    let created = ends(create().args(["--parents-acl", "world:anyone:cr"]), 0, "Created /a/b/c");
    assert!(created.stderr.contains("no user gets the permission a (admin)"), "{}", created.stderr);
    let acl = |path| ends(host.ctl("stat").arg(path), 0, "").stdout;
    assert!(acl("/a/b").ends_with("world:anyone:cr\n") && acl("/a/b/c").ends_with("world:anyone:r\n"));
}

#[test]
fn what_the_server_refuses_says_what_to_do() {
    let (zookeeper, host) = namespace();
    let create = |acl| host.ctl("create").args(["/a", "--acl", acl]);
    ends(create("auth::all"), 1, "ZooKeeper refuses the ACL for /a");
    ends(create("nonesuch:x:r"), 1, "ZooKeeper refuses the ACL for /a");
    ends(create("digest-secret:secret/absent:r"), 1, "digest-secret:secret/absent: ");
    let elsewhere = Host::new(format!("{}/nonesuch", zookeeper.connect_string()));
    let reason = format!("the chroot {}/nonesuch of zookeeper.hosts does not exist", zookeeper.chroot());
    ends(open(elsewhere.ctl("create").arg("/a/b")), 1, &reason);
    assert_eq!(zookeeper.admin().children(zookeeper.chroot()).unwrap(), Vec::<String>::new());
}

#[test]
fn the_largest_transaction_that_a_server_takes_is_sent() {
    let (_zookeeper, host) = namespace();
    let host = host.setting("zookeeper.max_node_bytes", "1048575");
    let source = host.path("source");
    let create = |bytes: usize| {
        fs::write(&source, vec![b'x'; bytes]).unwrap();
        open(host.ctl("create").arg("/parent/large").arg(&source))
    };
    let refused = ends(create(1_048_575), 1, "and a server takes 1048575 in one request").stderr;
    let bytes = refused.split_once("the transaction has ").unwrap().1.split_once(' ').unwrap().0;
    let overhead = bytes.parse::<usize>().unwrap() - 1_048_575;
    ends(create(1_048_576 - overhead), 1, "the transaction has 1048576 bytes");
    ends(create(1_048_575 - overhead), 0, "Created /parent/large");
}

#[test]
fn two_that_create_side_by_side_share_parents() {
    let (zookeeper, host) = namespace();
    let config = host.config();
    let create = |name: usize| {
        let path = format!("/a/b/c/{name}");
        open(TestCommand::new(binary("live-data-ctl")).arg("create").arg(&config).arg(path)).start()
    };
    let started: Vec<_> = (0..4).map(create).collect();
    for daemon in &started {
        assert_eq!(daemon.wait(SOON).code(), Some(0), "{}", daemon.stderr());
    }
    assert_eq!(zookeeper.admin().children(&zookeeper.path("/a/b/c")).unwrap().len(), 4);
}

#[test]
fn the_writer_prints_the_command_that_creates() {
    let (_zookeeper, host) = namespace();
    let host = host.credentials(&[OWNER]);
    let writer =
        ends(host.writer("content", "/app/flags"), 1, "Please create it with appropriate ACLs first.\n");
    let (_, command) = writer.stderr.split_once("With an ACL of your choice: live-data-ctl ").unwrap();
    let create = TestCommand::new(binary("live-data-ctl")).args(command.split_whitespace());
    ends(create, 0, "Created /app/flags");
    assert_eq!(ends(host.ctl("get").arg("/app/flags"), 0, "").stdout, "content");
}

#[test]
fn the_command_gives_no_rights_to_a_second_user() {
    let (_zookeeper, host) = namespace();
    let host = host.credentials(&[OWNER, "reporter:secret"]);
    let writer = ends(host.writer("content", "/app/flags"), 1, "");
    let (said, command) = writer.stderr.split_once(": live-data-ctl create ").unwrap();
    assert!(said.ends_with("the first of zookeeper.credentials: check that it publishes)"), "{said}");
    assert!(
        command.ends_with(" --acl world:anyone:r --acl digest-secret:secret/zookeeper/0:all\n"),
        "{command}"
    );
}

#[test]
fn delete_says_what_watchers_will_do() {
    let (zookeeper, host) = namespace();
    let host = host.node("flags", "/flags").node("kept", "flags/").setting("nodes.kept.on_delete", "keep");
    ends(open(host.ctl("create").arg("/flags")), 0, "");
    let watcher = host.watcher().start();
    host.wait_for("flags", "");
    host.wait_for("kept", "");
    let delete = ends(host.ctl("delete").args(["/flags", "--yes"]), 0, "Removed /flags in ");
    let files = ["flags", "kept"].map(|name| host.file(name).display().to_string());
    let gone = format!("nodes.flags: watchers with this configuration remove {}\n", files[0]);
    let kept =
        format!("nodes.kept: watchers with this configuration keep {}, without a heartbeat\n", files[1]);
    assert!(delete.stderr.contains(&gone) && delete.stderr.contains(&kept), "{}", delete.stderr);
    host.wait_until_gone("flags");
    assert!(host.file("kept").exists());
    drop(watcher);
    assert_eq!(zookeeper.admin().exists(&zookeeper.path("/flags")).unwrap(), None);
}

#[test]
fn delete_refuses_children_and_another_version() {
    let (zookeeper, host) = namespace();
    ends(open(host.ctl("create").arg("/a/b")), 0, "");
    let delete = |path| host.ctl("delete").args([path, "--yes"]);
    ends(delete("/a"), 1, "/a has children: nothing was removed; remove those first");
    ends(delete("/a/b").args(["--version", "3"]), 1, "/a/b has the version 0, not 3; nothing was removed");
    ends(delete("/"), 1, "name a node below the root");
    let output = ends(
        delete("/a/b").args(["--version", "0", "--json"]),
        0,
        "No node of this configuration has the source /a/b",
    );
    assert_eq!(
        serde_json::from_str::<Value>(&output.stdout).unwrap(),
        json!({"path": "/a/b", "version": 0, "bytes": 0})
    );
    ends(delete("/a/b"), 1, "/a/b does not exist");
    assert_eq!(zookeeper.admin().children(&zookeeper.path("/a")).unwrap(), Vec::<String>::new());
}

#[test]
fn delete_asks_on_a_terminal() {
    let (zookeeper, host) = namespace();
    let closed = zookeeper.path("/flags");
    zookeeper.admin().create_with_acl(&closed, "", &[Acl::anyone(Acl::ALL)]).unwrap();
    let line = format!("{} delete {} /flags", binary("live-data-ctl").display(), host.config().display());
    let answered =
        |answer: &str| TestCommand::new("script").args(["-qefc", &line, "/dev/null"]).stdin(answer);
    let no = answered("n\n").run(SOON);
    assert!(no.stdout.contains("version 0, 0 bytes? [y/N] "), "{}", no.stdout);
    assert!(no.stdout.contains("Nothing was removed.") && no.code == Some(1), "{}", no.stdout);
    assert!(zookeeper.admin().exists(&closed).unwrap().is_some());
    let yes = answered("y\n").run(SOON);
    assert_eq!(yes.code, Some(0), "{}", yes.stdout);
    wait_until("the node to go", SOON, || zookeeper.admin().exists(&closed).unwrap().is_none());
}
