//! `live-data-ctl`: what is looked at, and how it ends.

use std::fs;

use ld_testkit::{Acl, Admin, Host, Namespace, SOON, TestCommand, TestOutput, binary};
use serde_json::{Value, json};

/// A namespace with the node `/flags`.
fn flags(content: impl AsRef<[u8]>) -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), content).unwrap();
    let host = Host::new(zookeeper.connect_string());
    (zookeeper, host)
}

#[track_caller]
fn ends(command: TestCommand, code: i32, reason: &str) -> TestOutput {
    let output = command.run(SOON);
    output.assert_ends(code, reason);
    output
}

#[track_caller]
fn json_of(command: TestCommand) -> Value {
    let output = command.arg("--json").run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn get_prints_the_content_as_it_is() {
    let content = "{\"a\": \"\x1b[2J\u{202e}\"}";
    let (_zookeeper, host) = flags(content);
    let get = host.ctl("get").arg("flags/").run(SOON);
    assert_eq!((get.code, get.stdout.as_str(), get.stderr.as_str()), (Some(0), content, ""));
}

#[test]
fn an_empty_path_is_wrong_usage_and_not_the_root() {
    let (_zookeeper, host) = flags("");
    for command in ["get", "stat", "ls"] {
        ends(host.ctl(command).arg(""), 2, "a value is required for '");
    }
}

#[test]
fn get_escapes_what_a_terminal_acts_upon() {
    let (_zookeeper, host) = flags("a\t\u{1b}[2J\u{202e}b\nc");
    let line = format!("{} get {} /flags", binary("live-data-ctl").display(), host.config().display());
    let get = TestCommand::new("script").args(["-qefc", &line, "/dev/null"]).run(SOON);
    assert_eq!((get.code, get.stdout.as_str()), (Some(0), "a\t\\u{1b}[2J\\u{202e}b\r\nc"));
}

#[test]
fn a_missing_chroot_is_named_without_a_word_about_files() {
    let zookeeper = Namespace::new();
    let host = Host::new(format!("{}/missing", zookeeper.connect_string()));
    let missing = zookeeper.path("/missing");
    let get = ends(host.ctl("get").arg("/flags"), 1, &format!("{missing} does not exist in this ensemble"));
    assert!(!get.stderr.contains("files"), "{}", get.stderr);
}

#[test]
fn get_prints_json_of_text_and_of_bytes() {
    let (zookeeper, host) = flags("größe\u{202e}\n");
    let get = json_of(host.ctl("get").arg("/flags"));
    let mzxid = zookeeper.admin().exists(&zookeeper.path("/flags")).unwrap().unwrap().mzxid;
    let expected = json!({
        "path": "/flags", "version": 0, "mzxid": mzxid, "bytes": 11, "encoding": "utf8", "content": "größe\u{202e}\n",
    });
    assert_eq!(get, expected);
    let raw = host.ctl("get").args(["/flags", "--json"]).run(SOON).stdout;
    assert!(raw.contains("\\u202e"), "{raw}");
    zookeeper.admin().set(&zookeeper.path("/flags"), b"\xff\0").unwrap();
    let get = json_of(host.ctl("get").arg("/flags"));
    assert_eq!(
        (&get["encoding"], &get["content"], &get["version"]),
        (&json!("base64"), &json!("/wA="), &json!(1))
    );
}

#[test]
fn a_node_of_a_mebibyte_is_made_and_read() {
    let zookeeper = Namespace::new();
    let host = Host::new(zookeeper.connect_string());
    let content = "0123456789".repeat(100_000);
    let source = host.path("large");
    fs::write(&source, &content).unwrap();
    let create = host.ctl("create").args(["/a/b/large", "--acl", "world:anyone:all"]).arg(&source);
    ends(create, 0, "Created /a/b/large in ");
    assert_eq!(host.ctl("get").arg("/a/b/large").run(SOON).stdout, content);
    fs::write(&source, content + "0").unwrap();
    let create = host.ctl("create").args(["/larger", "--acl", "world:anyone:all"]).arg(&source);
    ends(create, 1, "the content has more than 1000000 bytes");
    let small = host.setting("zookeeper.max_read_bytes", "999999");
    ends(small.ctl("get").arg("/a/b/large"), 1, "zookeeper.max_read_bytes is 999999: raise that setting");
}

#[test]
fn stat_shows_versions_times_sizes_and_the_acl() {
    let (zookeeper, host) = flags("content");
    let admin = zookeeper.admin();
    admin.set(&zookeeper.path("/flags"), "other").unwrap();
    admin.create(&zookeeper.path("/flags/child"), "").unwrap();
    let stat = json_of(host.ctl("stat").arg("/flags"));
    let expected = admin.exists(&zookeeper.path("/flags")).unwrap().unwrap();
    assert_eq!(stat["mzxid"], expected.mzxid);
    assert_eq!((&stat["version"], &stat["bytes"], &stat["children"]), (&json!(1), &json!(5), &json!(1)));
    assert_eq!(stat["acl"], json!(["world:anyone:cdrwa"]));
    assert!(stat["created"].as_str().unwrap().ends_with('Z'), "{stat}");
    let table = ends(host.ctl("stat").arg("/flags"), 0, "").stdout;
    for line in [
        "path      /flags\n",
        "version   1\n",
        "bytes     5\n",
        "children  1\n",
        "          world:anyone:cdrwa\n",
    ] {
        assert!(table.contains(line), "{line} in {table}");
    }
    ends(host.ctl("stat").arg("/"), 0, "");
}

#[test]
fn ls_lists_children_up_to_a_limit() {
    let (zookeeper, host) = flags("");
    for child in ["b", "a", "c\u{202e}"] {
        zookeeper.admin().create(&zookeeper.path(&format!("/flags/{child}")), "12").unwrap();
    }
    let ls = ends(host.ctl("ls").arg("/flags"), 0, "");
    assert_eq!(ls.stdout, "a\nb\nc\\u{202e}\n");
    let ls = ends(host.ctl("ls").args(["/flags", "--limit", "1"]), 0, "2 more are not shown: raise --limit");
    assert_eq!(ls.stdout, "a\n");
    let ls = ends(host.ctl("ls").args(["-l", "/flags", "--limit", "1"]), 0, "");
    assert!(
        ls.stdout.starts_with("      0         2       0 20") && ls.stdout.ends_with("Z a\n"),
        "{}",
        ls.stdout
    );
    let ls = json_of(host.ctl("ls").arg("/flags"));
    assert_eq!(
        (&ls["path"], &ls["omitted"], &ls["children"][2]["name"]),
        (&json!("/flags"), &json!(0), &json!("c\u{202e}"))
    );
    assert_eq!(ends(host.ctl("ls"), 0, "").stdout, "flags\n");
}

#[test]
fn a_look_at_what_is_missing_or_closed_exits_1() {
    let (zookeeper, host) = flags("");
    let closed = zookeeper.path("/closed");
    let owner = Admin::new(zookeeper.server().address()).with_digest("owner:password");
    owner.create_with_acl(&closed, "secret", &[Acl::creator(Acl::ALL)]).unwrap();
    for command in ["get", "stat", "ls"] {
        ends(host.ctl(command).arg("/absent"), 1, "/absent does not exist\n");
        ends(host.ctl(command).arg("/a/../b"), 1, "'.' and '..' are not allowed\n");
    }
    for command in ["get", "ls"] {
        let output = ends(
            host.ctl(command).arg("/closed"),
            1,
            "not authorized to read /closed: check zookeeper.credentials",
        );
        assert_eq!(output.stdout, "");
    }
    let stat = ends(host.ctl("stat").arg("/closed"), 0, "");
    assert!(stat.stdout.contains("acl       not authorized to read it\n"), "{}", stat.stdout);
    let owner = Host::new(zookeeper.connect_string()).credentials(&["owner:password"]);
    assert_eq!(ends(owner.ctl("get").arg("/closed"), 0, "").stdout, "secret");
}

#[test]
fn wrong_usage_exits_2() {
    let (_zookeeper, host) = flags("");
    let ctl = || TestCommand::new(binary("live-data-ctl"));
    ends(ctl(), 2, "Usage: ");
    ends(ctl().args(["get", "/nonexistent/config.ini", "/flags"]), 2, "/nonexistent/config.ini");
    ends(host.ctl("create").arg("/a"), 2, "--acl <ACL>");
    ends(host.ctl("create").args(["/a", "--acl", "world:anyone:x"]), 2, "--acl: not an ACL entry");
    ends(
        host.ctl("create").args(["/a", "/nonexistent", "--acl", "world:anyone:r"]),
        2,
        "cannot read /nonexistent",
    );
    let both = ctl().args(["create", "-", "/a", "-", "--acl", "world:anyone:r"]);
    ends(both, 2, "CONFIG and SOURCE cannot both be standard input");
    ends(host.ctl("delete").arg("/flags"), 2, "standard input is no terminal");
    let password =
        ends(host.ctl("set-acl").args(["/flags", "--acl", "digest:me:hush-hush:r"]), 2, "digest-secret:");
    assert!(!password.stderr.contains("hush-hush"), "{}", password.stderr);
}

#[test]
fn no_session_in_time_exits_3() {
    let host = Host::new("127.0.0.1:1");
    let acl = ["--acl", "world:anyone:r"];
    for command in [
        host.ctl("get").arg("/flags"),
        host.ctl("stat").arg("/flags"),
        host.ctl("ls"),
        host.ctl("create").arg("/flags").args(acl),
        host.ctl("set-acl").arg("/flags").args(acl),
        host.ctl("delete").args(["/flags", "--yes"]),
        host.ctl("init"),
    ] {
        ends(command.args(["--timeout", "300ms"]), 3, "no ZooKeeper session with 127.0.0.1:1 within 0.3 s");
    }
}
