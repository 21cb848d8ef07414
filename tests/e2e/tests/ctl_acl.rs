//! `live-data-ctl set-acl` and `init`: which user may do what.

use ld_testkit::{Host, Namespace, SOON, TestCommand, TestOutput, wait_until};
use serde_json::{Value, json};

const OWNER: &str = "owner:planted-password";
const OWNER_HASH: &str = "OCQLXZWUmdYcBnrRNzMZK4m928w=";
const OTHER: &str = "other:planted-password";
const OTHER_HASH: &str = "vJRoFJnLcepBsmJvQZ+1kuRFtIU=";

fn namespace() -> (Namespace, Host, Host) {
    let zookeeper = Namespace::new();
    let host = |credential| Host::new(zookeeper.connect_string()).credentials(&[credential]);
    let (owner, other) = (host(OWNER), host(OTHER));
    (zookeeper, owner, other)
}

#[track_caller]
fn ends(command: TestCommand, code: i32, reason: &str) -> TestOutput {
    let output = command.run(SOON);
    output.assert_ends(code, reason);
    assert!(!(output.stderr.clone() + &output.stdout).contains("planted-password"));
    output
}

#[track_caller]
fn json_of(command: TestCommand) -> Value {
    serde_json::from_str(&ends(command.arg("--json"), 0, "").stdout).unwrap()
}

/// What each directory's ACL is, with the user of each digest only.
fn acls(host: &Host) -> Vec<(String, Vec<String>)> {
    ["", "/history", "/hosts", "/rollouts", "/signatures"]
        .map(|name| {
            let path = format!("/live-data{name}");
            let stat = json_of(host.ctl("stat").arg(&path));
            let entries = stat["acl"].as_array().unwrap().iter().map(|entry| {
                let parts: Vec<_> = entry.as_str().unwrap().split(':').collect();
                [parts[0], parts[1], parts[parts.len() - 1]].join(":")
            });
            (path, entries.collect())
        })
        .into()
}

#[test]
fn set_acl_shows_the_change_and_takes_effect() {
    let (zookeeper, owner, other) = namespace();
    zookeeper.admin().create(&zookeeper.path("/flags"), "").unwrap();
    let acl = ["/flags", "--acl", "world:anyone:r", "--acl", "auth::all"];
    let set = ends(owner.ctl("set-acl").args(acl), 0, "Set the ACL of /flags in ");
    let come = format!("+world:anyone:r\n+digest:owner:{OWNER_HASH}:cdrwa\n");
    assert_eq!(set.stdout, format!("-world:anyone:cdrwa\n{come}"));
    ends(other.writer("theirs", "/flags"), 1, "not authorized to write /flags");
    ends(owner.writer("ours", "/flags"), 0, "Wrote data to Zookeeper.");
    ends(owner.ctl("set-acl").args(acl), 0, "No changes detected. Not writing.");
    ends(
        other.ctl("set-acl").args(["/flags", "--acl", "world:anyone:all"]),
        1,
        "not authorized to set the ACL of /flags",
    );
    let set = json_of(owner.ctl("set-acl").args(["/flags", "--acl", "digest-secret:secret/zookeeper/0:all"]));
    assert_eq!((&set["changed"], &set["aversion"]), (&json!(true), &json!(2)));
    assert_eq!(set["old"].as_array().unwrap().len(), 2);
    ends(other.ctl("get").arg("/flags"), 1, "not authorized to read /flags");
    ends(owner.ctl("set-acl").args(["/absent", "--acl", "world:anyone:r"]), 1, "/absent does not exist");
}

#[test]
fn auth_takes_the_rights_of_other_users() {
    let (_zookeeper, owner, other) = namespace();
    let acl = ["--acl", &format!("digest:other:{OTHER_HASH}:all"), "--acl", "auth::all"];
    ends(owner.ctl("create").arg("/flags").args(acl), 0, "Created /flags");
    let set = || owner.ctl("set-acl").args(["/flags", "--acl", "auth::all"]);
    let set_once = ends(set(), 0, "Set the ACL of /flags in ");
    let (gone, stays) = (format!("-digest:other:{OTHER_HASH}"), format!(" digest:owner:{OWNER_HASH}"));
    assert_eq!(set_once.stdout, format!("{gone}:cdrwa\n{stays}:cdrwa\n"));
    ends(other.ctl("get").arg("/flags"), 1, "not authorized to read /flags");
    ends(set(), 0, "No changes detected. Not writing.");
}

#[test]
fn a_hash_that_is_hidden_is_not_taken_for_the_same() {
    let (_zookeeper, owner, other) = namespace();
    let acl = |hash| ["--acl".to_owned(), format!("digest:other:{hash}:r")];
    let create = owner.ctl("create").arg("/flags").args(["--acl", "auth::all"]);
    ends(create.args(acl(OTHER_HASH)), 0, "Created /flags");
    let owners = ["--acl".to_owned(), format!("digest:owner:{OWNER_HASH}:all")];
    // Other has no `a`, and sees an x in place of each hash: the same password, and another one.
    for hash in [OTHER_HASH, OWNER_HASH] {
        let set = other.ctl("set-acl").arg("/flags").args(&owners).args(acl(hash));
        let refused = ends(set, 1, "not authorized to set the ACL of /flags");
        assert!(refused.stdout.contains("-digest:other:x:r\n"), "{}", refused.stdout);
    }
    ends(owner.ctl("set-acl").arg("/flags").args(&owners).args(acl(OTHER_HASH)), 0, "No changes detected.");
}

/// A tree of four nodes with one ACL.
fn tree(owner: &Host, acl: &str) {
    for path in ["/tree", "/tree/a", "/tree/a/b", "/tree/c"] {
        ends(owner.ctl("create").args([path, "--acl", acl]), 0, "Created /tree");
    }
}

fn recursive(host: &Host, path: &str, acl: &[&str]) -> TestCommand {
    let entries = acl.iter().flat_map(|entry| ["--acl", entry]);
    host.ctl("set-acl").args([path, "--recursive"]).args(entries)
}

#[test]
fn set_acl_recursive_replaces_a_user_everywhere() {
    let (_zookeeper, owner, other) = namespace();
    tree(&owner, "auth::all");
    let both = [&*format!("digest:owner:{OWNER_HASH}:all"), &*format!("digest:other:{OTHER_HASH}:all")];
    let set = ends(recursive(&owner, "/tree", &both), 0, "Set the ACL of 4 nodes at and below /tree in ");
    assert!(set.stderr.contains("0 had it already, 0 ephemeral kept theirs"), "{}", set.stderr);
    let again = json_of(recursive(&owner, "/tree", &both));
    assert_eq!((&again["changed"], &again["unchanged"]), (&json!(0), &json!(4)));
    let last = json_of(recursive(&other, "/tree", &both[1..]));
    assert_eq!((&last["changed"], &last["complete"], &last["failed"]), (&json!(4), &json!(true), &json!([])));
    for path in ["/tree", "/tree/a", "/tree/a/b", "/tree/c"] {
        ends(owner.ctl("get").arg(path), 1, "not authorized to read /tree");
        ends(other.ctl("get").arg(path), 0, "");
    }
}

#[test]
fn set_acl_recursive_ends_though_it_loses_its_rights() {
    let (_zookeeper, owner, other) = namespace();
    tree(&owner, "auth::all");
    let theirs = format!("digest:other:{OTHER_HASH}:all");
    assert_eq!(json_of(recursive(&owner, "/tree", &[&theirs]))["changed"], json!(4));
    ends(owner.ctl("ls").arg("/tree/a"), 1, "not authorized to read /tree/a");
    ends(other.ctl("get").arg("/tree/a/b"), 0, "");
}

#[test]
fn set_acl_recursive_names_nodes_that_it_could_not_change() {
    let (_zookeeper, owner, other) = namespace();
    tree(&owner, "world:anyone:all");
    ends(other.ctl("set-acl").args(["/tree/a", "--acl", "auth::all"]), 0, "Set the ACL of /tree/a");
    let set = ends(recursive(&owner, "/tree", &["auth::all", "world:anyone:r"]).arg("--json"), 1, "/tree/a");
    let printed: Value = serde_json::from_str(&set.stdout).unwrap();
    assert_eq!((&printed["changed"], &printed["complete"]), (&json!(2), &json!(true)), "{printed}");
    assert!(printed["failed"].as_array().unwrap().iter().all(|failed| failed["path"] == "/tree/a"));
    ends(recursive(&owner, "/absent", &["auth::all"]), 1, "/absent does not exist");
    ends(recursive(&owner, "/", &["auth::all"]), 1, "name a node below the root");
}

#[test]
fn set_acl_recursive_leaves_the_reports_of_hosts() {
    let (zookeeper, owner, _other) = namespace();
    ends(owner.ctl("init"), 0, "Created /live-data/hosts");
    zookeeper.admin().create(&zookeeper.path("/flags"), "").unwrap();
    let host = Host::new(zookeeper.connect_string()).credentials(&[OWNER]).node("flags", "/flags");
    let host = host.setting("fleet.report", "true").setting("fleet.host", "web-1");
    let host = host.setting("fleet.report_interval", "50 milliseconds");
    let watcher = host.watcher().start();
    let report = zookeeper.path("/live-data/hosts/web-1");
    wait_until("a report", SOON, || zookeeper.admin().exists(&report).unwrap().is_some());
    let of_report = || json_of(owner.ctl("stat").arg("/live-data/hosts/web-1"))["acl"].clone();
    let before = of_report();
    let set = json_of(recursive(&owner, "/live-data/hosts", &["auth::all", "world:anyone:r"]));
    assert_eq!((&set["changed"], &set["ephemeral"]), (&json!(1), &json!(1)), "{set}");
    assert_eq!(of_report(), before);
    drop(watcher);
}

#[test]
fn a_credential_that_cannot_be_read_stops_all_that_writes() {
    let (zookeeper, owner, _other) = namespace();
    zookeeper.admin().create(&zookeeper.path("/flags"), "").unwrap();
    owner.write_secrets(&[]);
    for command in [
        owner.ctl("create").args(["/a", "--acl", "world:anyone:r"]),
        owner.ctl("set-acl").args(["/flags", "--acl", "world:anyone:r"]),
        owner.ctl("delete").args(["/flags", "--yes"]),
    ] {
        ends(command, 1, "the ZooKeeper credential secret/zookeeper/0 cannot be used");
    }
    ends(owner.ctl("init"), 1, "secret not found");
}

#[test]
fn init_makes_directories_for_publishers_reporters_and_readers() {
    let (zookeeper, owner, other) = namespace();
    let init = || owner.ctl("init").args(["--readers", "world:anyone", "--reporters", "ip:10.1.2.3"]);
    let made = json_of(init());
    assert!(made.as_array().unwrap().iter().all(|directory| directory["created"] == true), "{made}");
    let expected = [
        ("/live-data", vec!["digest:owner:cdrwa"]),
        ("/live-data/history", vec!["digest:owner:cdrwa"]),
        ("/live-data/hosts", vec!["digest:owner:cdrwa", "ip:10.1.2.3:cr", "world:anyone:r"]),
        ("/live-data/rollouts", vec!["digest:owner:cdrwa", "world:anyone:r"]),
        ("/live-data/signatures", vec!["digest:owner:cdrwa", "world:anyone:r"]),
    ];
    let expected =
        expected.map(|(path, acl)| (path.to_owned(), acl.into_iter().map(str::to_owned).collect()));
    assert_eq!(acls(&owner), expected);
    ends(other.ctl("ls").arg("/live-data/history"), 1, "not authorized to read");
    ends(other.ctl("ls").arg("/live-data/rollouts"), 0, "");
    let create = other.ctl("create").args(["/live-data/hosts/theirs", "--acl", "world:anyone:r"]);
    ends(create, 1, "not authorized to create nodes below /live-data/hosts");
    let before = zookeeper.admin().exists(&zookeeper.path("/live-data")).unwrap();
    let again = ends(init(), 0, "/live-data is there.");
    assert!(!again.stderr.contains("another ACL"), "{}", again.stderr);
    assert_eq!(zookeeper.admin().exists(&zookeeper.path("/live-data")).unwrap(), before);
}

#[test]
fn init_warns_of_another_acl_and_leaves_it() {
    let (zookeeper, owner, other) = namespace();
    let open = Host::new(zookeeper.connect_string());
    let init = ends(open.ctl("init"), 0, "every client of the ensemble may publish");
    assert!(init.stdout.starts_with("/live-data world:anyone:cdrwa\n"), "{}", init.stdout);
    let again = ends(owner.ctl("init"), 0, "/live-data/history is there with another ACL");
    assert!(!again.stderr.contains("Created"), "{}", again.stderr);
    let again = json_of(owner.ctl("init"));
    assert_eq!((&again[0]["differs"], &again[0]["acl"]), (&json!(true), &json!(["world:anyone:cdrwa"])));
    ends(other.ctl("ls").arg("/live-data/history"), 0, "");
}

#[test]
fn a_reporter_may_add_to_hosts_and_remove_nothing() {
    let (_zookeeper, owner, other) = namespace();
    let secrets = owner.ctl("init");
    owner.write_secrets(&[OWNER, OTHER]);
    ends(secrets.args(["--reporters", "digest-secret:secret/zookeeper/1"]), 0, "Created /live-data/hosts");
    let create = |name: &str| {
        other.ctl("create").arg(format!("/live-data/{name}/theirs")).args(["--acl", "auth::all"])
    };
    ends(create("hosts"), 0, "Created /live-data/hosts/theirs");
    let delete = other.ctl("delete").args(["/live-data/hosts/theirs", "--yes"]);
    ends(delete, 1, "not authorized to remove nodes below /live-data/hosts");
    for name in ["history", "rollouts", "signatures"] {
        ends(create(name), 1, &format!("not authorized to create nodes below /live-data/{name}"));
    }
}

#[test]
fn init_below_another_root_makes_its_parents() {
    let (_zookeeper, owner, _other) = namespace();
    let owner = owner.setting("publish.root", "/tools/live-data");
    ends(owner.ctl("init"), 0, "Created /tools/live-data/signatures.");
    assert_eq!(
        ends(owner.ctl("ls").arg("/tools/live-data"), 0, "").stdout,
        "history\nhosts\nrollouts\nsignatures\n"
    );
}

#[test]
fn init_by_a_user_that_is_no_publisher_is_refused() {
    let (_zookeeper, owner, _other) = namespace();
    let init = owner.ctl("init").args(["--publishers", "ip:10.1.2.3"]);
    ends(init, 1, "not authorized to create nodes below /live-data: check zookeeper.credentials");
}
