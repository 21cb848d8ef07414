//! A watcher without root: what its capabilities allow, and its errors and warnings.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use ld_testkit::{Host, Namespace, SOON, wait_until};

/// Ids that need not exist on the machine.
const WATCHER: u32 = 4322;
const OWNER: u32 = 4323;

/// A host with its destinations in a directory of an unprivileged watcher.
///
/// Its node has another owner.
fn owned() -> (Namespace, Host) {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "content").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("flags", "/flags")
        .setting("nodes.flags.owner", OWNER.to_string())
        .setting("nodes.flags.group", OWNER.to_string())
        .setting("nodes.flags.mode", "0600")
        .setting("watcher.heartbeat_interval", "100 milliseconds");
    fs::create_dir(host.path("live")).unwrap();
    chown(host.path("live"), Some(WATCHER), Some(WATCHER)).expect("these tests run as root");
    (zookeeper, host)
}

/// Writes the file with its right content, owner and mode.
fn put_file(host: &Host) {
    fs::write(host.file("flags"), "content").unwrap();
    fs::set_permissions(host.file("flags"), fs::Permissions::from_mode(0o600)).unwrap();
    chown(host.file("flags"), Some(OWNER), Some(OWNER)).unwrap();
}

#[track_caller]
fn assert_right(host: &Host) {
    let found = fs::symlink_metadata(host.file("flags")).unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (OWNER, OWNER, 0o600));
    assert_eq!(host.read("flags").unwrap(), b"content");
}

#[test]
fn chown_and_fowner_suffice_for_files_of_another_owner() {
    let (zookeeper, host) = owned();
    let watcher = host.watcher_as(WATCHER, &["chown", "fowner"]).start();
    host.wait_for("flags", "content");
    assert_right(&host);
    let inode = host.inode("flags");
    for _ in 0..2 {
        let last = host.mtime("flags");
        wait_until("a heartbeat", SOON, || host.mtime("flags") > last);
    }
    assert_eq!(host.inode("flags"), inode);
    zookeeper.admin().set(&zookeeper.path("/flags"), "changed").unwrap();
    host.wait_for("flags", "changed");
    zookeeper.admin().set(&zookeeper.path("/flags"), "content").unwrap();
    host.wait_for("flags", "content");
    assert_right(&host);
    assert!(watcher.is_running());
}

#[test]
fn an_unreadable_file_stays_only_with_dac_read_search() {
    let (_zookeeper, host) = owned();
    put_file(&host);
    for (capabilities, is_replaced) in
        [(&["chown", "fowner"][..], true), (&["chown", "fowner", "dac_read_search"], false)]
    {
        let inode = host.inode("flags");
        let once = host.watcher_as(WATCHER, capabilities).arg("--once").run(SOON);
        assert_eq!(once.code, Some(0), "{capabilities:?}: {}", once.stderr);
        assert_eq!(host.inode("flags") != inode, is_replaced, "{capabilities:?}: {}", once.stderr);
        assert_right(&host);
    }
}

#[test]
fn a_missing_capability_is_named_and_fails_only_its_node() {
    let (_zookeeper, host) = owned();
    let host = host.node("own", "/flags");
    for (capabilities, action, missing) in
        [(&[][..], "set the owner of", "CAP_CHOWN"), (&["chown"], "set the mode of", "CAP_FOWNER")]
    {
        let once = host.watcher_as(WATCHER, capabilities).arg("--once").run(SOON);
        assert_eq!(once.code, Some(1), "{}", once.stderr);
        let file = host.file("flags");
        let text = format!(
            "cannot {action} {}: the watcher lacks {missing}; grant it as docs/security.md says, or configure no owner \
             and group",
            file.display()
        );
        assert!(once.stderr.contains(&text), "{text} in\n{}", once.stderr);
        assert!(!file.exists());
        assert_eq!(
            fs::read_dir(host.path("live")).unwrap().count(),
            1,
            "no stray file, only the other node's"
        );
        assert_eq!(host.read("own").unwrap(), b"content");
    }
}

#[test]
fn a_world_writable_directory_without_sticky_bit_warns_once() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "content").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("a", "/flags")
        .node("b", "/flags")
        .node("below/c", "/flags");
    fs::create_dir(host.path("live")).unwrap();
    for (mode, warnings) in [(0o777, 1), (0o1777, 0), (0o755, 0)] {
        fs::set_permissions(host.path("live"), fs::Permissions::from_mode(mode)).unwrap();
        let once = host.once().run(SOON);
        assert_eq!(once.code, Some(0), "{}", once.stderr);
        let line = format!("{} can be written by every user", host.path("live").display());
        assert_eq!(once.stderr.matches(&line).count(), warnings, "{mode:o}: {}", once.stderr);
        assert_eq!(once.stderr.matches("chmod o-w, or set the sticky bit").count(), warnings);
    }
}
