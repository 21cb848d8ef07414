//! How a file is put in place: owner, mode, links and obstacles.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use ld_testkit::{Host, Namespace, SOON, TestCommand, wait_until};

/// Ids that need not exist on the machine.
const USER: u32 = 4321;
const GROUP: u32 = 8765;

/// A namespace with one node, `/flags`, that holds `content`.
fn flags() -> Namespace {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "content").unwrap();
    zookeeper
}

/// Only root may change owners.
fn assert_root(host: &Host) {
    assert_eq!(fs::metadata(host.path("")).unwrap().uid(), 0, "this test needs root: it changes owners");
}

fn sync(host: &Host) {
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
}

/// Owner, group and mode of a regular file.
fn attributes(path: &Path) -> (u32, u32, u32) {
    let found = fs::symlink_metadata(path).unwrap();
    assert!(found.is_file());
    (found.uid(), found.gid(), found.permissions().mode() & 0o7777)
}

#[test]
fn the_mode_defaults_to_0400_and_has_three_notations() {
    let zookeeper = flags();
    let mut host = Host::new(zookeeper.connect_string()).node("default", "/flags");
    for mode in ["0440", "440", "0o440"] {
        host = host.node(mode, "/flags").setting(&format!("nodes.{mode}.mode"), mode);
    }
    sync(&host);
    assert_eq!(attributes(&host.file("default")).2, 0o400);
    for mode in ["0440", "440", "0o440"] {
        assert_eq!(attributes(&host.file(mode)).2, 0o440, "{mode}");
    }
}

#[test]
fn owner_and_group_are_names_or_ids() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string())
        .node("owner", "/flags")
        .setting("nodes.owner.owner", USER.to_string())
        .node("group", "/flags")
        .setting("nodes.group.group", GROUP.to_string())
        .node("both", "/flags")
        .setting("nodes.both.owner", USER.to_string())
        .setting("nodes.both.group", GROUP.to_string())
        .node("root", "/flags")
        .setting("nodes.root.owner", "root")
        .setting("nodes.root.group", "0")
        .setting("nodes.root.mode", "4755");
    assert_root(&host);
    sync(&host);
    assert_eq!(attributes(&host.file("owner")), (USER, 0, 0o400));
    assert_eq!(attributes(&host.file("group")), (0, GROUP, 0o400));
    assert_eq!(attributes(&host.file("both")), (USER, GROUP, 0o400));
    assert_eq!(attributes(&host.file("root")), (0, 0, 0o4755));
}

#[test]
fn an_unknown_owner_fails_only_its_node() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string())
        .node("good", "/flags")
        .node("bad", "/flags")
        .setting("nodes.bad.owner", "nobody-of-this-name");
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert!(once.stderr.contains("no user is called 'nobody-of-this-name'"), "{}", once.stderr);
    assert_eq!((host.read("good"), host.read("bad")), (Some(b"content".to_vec()), None));
}

#[test]
fn a_file_with_a_wrong_owner_or_mode_is_replaced() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string()).node("owned", "/flags").node("open", "/flags");
    assert_root(&host);
    fs::create_dir_all(host.file("owned").parent().unwrap()).unwrap();
    for name in ["owned", "open"] {
        fs::write(host.file(name), "content").unwrap();
        fs::set_permissions(host.file(name), fs::Permissions::from_mode(0o400)).unwrap();
    }
    chown(host.file("owned"), Some(USER), Some(GROUP)).unwrap();
    fs::set_permissions(host.file("open"), fs::Permissions::from_mode(0o666)).unwrap();
    let before = [host.inode("owned"), host.inode("open")];
    sync(&host);
    for (name, inode) in ["owned", "open"].into_iter().zip(before) {
        assert_eq!(attributes(&host.file(name)), (0, 0, 0o400), "{name}");
        assert_ne!(host.inode(name), inode, "{name}: never changed in place");
        assert_eq!(host.read(name).unwrap(), b"content");
    }
}

#[test]
fn a_symlink_at_the_destination_is_replaced_and_not_followed() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags").node("gone", "/gone");
    let victim = host.path("victim");
    fs::write(&victim, "untouched").unwrap();
    fs::create_dir_all(host.file("flags").parent().unwrap()).unwrap();
    symlink(&victim, host.file("flags")).unwrap();
    symlink(&victim, host.file("gone")).unwrap();
    sync(&host);
    assert_eq!(attributes(&host.file("flags")).2, 0o400);
    assert_eq!(host.read("flags").unwrap(), b"content");
    assert!(fs::symlink_metadata(host.file("gone")).is_err(), "the link of a missing node is removed");
    assert_eq!(fs::read(&victim).unwrap(), b"untouched");
}

#[test]
fn a_directory_at_the_destination_fails_only_its_node() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags").node("other", "/flags");
    fs::create_dir_all(host.file("flags").join("precious")).unwrap();
    let watcher = host.watcher().start();
    host.wait_for("other", "content");
    watcher.wait_for_stderr("is a directory: move it away, or configure another destination", SOON);
    fs::rename(host.file("flags"), host.path("moved")).unwrap();
    host.wait_for("flags", "content");
    assert!(host.path("moved/precious").is_dir());
    watcher.wait_for_stderr("is current again", SOON);
}

#[test]
fn a_relative_destination_starts_at_the_working_directory() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string())
        .setting("nodes.flags.source", "/flags")
        .setting("nodes.flags.dest", "here/flags");
    let once = host.once().current_dir(host.path("")).run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert_eq!(fs::read(host.path("here/flags")).unwrap(), b"content");
}

#[test]
fn identical_content_is_left_alone_and_touched_at_a_restart() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    sync(&host);
    let (inode, old) = (host.inode("flags"), host.mtime("flags"));
    let file = fs::File::open(host.file("flags")).unwrap();
    file.set_modified(old - std::time::Duration::from_secs(3600)).unwrap();
    let watcher = host.watcher().start();
    wait_until("the file to be touched", SOON, || host.mtime("flags") >= old);
    assert_eq!(host.inode("flags"), inode);
    assert!(!watcher.stderr().contains("Updating"), "{}", watcher.stderr());
}

#[test]
fn a_temporary_file_of_the_original_stays_untouched() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags").node("other", "/flags");
    assert_root(&host);
    let victim = host.path("victim");
    fs::write(&victim, "untouched").unwrap();
    fs::create_dir_all(host.file("flags").parent().unwrap()).unwrap();
    let leftover = host.file("flags.tmp");
    fs::write(&leftover, "half").unwrap();
    fs::set_permissions(&leftover, fs::Permissions::from_mode(0o400)).unwrap();
    symlink(&victim, host.file("other.tmp")).unwrap();
    // Without root, which may write read-only files.
    fs::set_permissions(host.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    for path in [host.file("flags").parent().unwrap(), &leftover] {
        chown(path, Some(USER), Some(GROUP)).unwrap();
    }
    let once =
        TestCommand::new(host.copy_of_watcher()).arg("--once").arg(host.config()).user(USER, GROUP).run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    for name in ["flags", "other"] {
        assert_eq!(host.read(name).unwrap(), b"content");
        assert_eq!(attributes(&host.file(name)), (USER, GROUP, 0o400));
    }
    assert_eq!(fs::read(&leftover).unwrap(), b"half");
    assert!(fs::symlink_metadata(host.file("other.tmp")).unwrap().is_symlink());
    assert_eq!(fs::read(&victim).unwrap(), b"untouched");
}

#[test]
fn a_stray_temporary_file_is_removed_and_other_files_stay() {
    let zookeeper = flags();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let directory = host.file("flags").parent().unwrap().to_owned();
    fs::create_dir_all(&directory).unwrap();
    let stray = directory.join(stray_name(&host.file("flags")));
    let others = [
        directory.join(stray_name(&host.file("of-another-node"))),
        directory.join(".live-data.notes"),
        directory.join(format!("{}x", stray.file_name().unwrap().to_str().unwrap())),
    ];
    for path in others.iter().chain([&stray]) {
        fs::write(path, "half").unwrap();
    }
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    let line = format!("removed the stray temporary file '{}'", stray.display());
    assert!(once.stderr.contains(&line), "{}", once.stderr);
    assert!(!stray.exists());
    assert!(others.iter().all(|path| path.exists()));
}

/// `.live-data.<FNV-1a of the destination>.<random>`. Later releases keep this format.
pub(crate) fn stray_name(destination: &Path) -> String {
    let text = destination.to_str().unwrap();
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!(".live-data.{hash:016x}.0123456789abcdef")
}

#[test]
fn of_two_paths_to_one_file_the_second_node_fails() {
    let zookeeper = Namespace::new();
    for name in ["/a", "/b"] {
        zookeeper.admin().create(&zookeeper.path(name), name).unwrap();
    }
    let host = Host::new(zookeeper.connect_string()).node("real/flags", "/a").node("link/flags", "/b");
    fs::create_dir_all(host.file("real")).unwrap();
    symlink(host.file("real"), host.file("link")).unwrap();
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert!(once.stderr.contains("it is the same file as nodes.real/flags.dest"), "{}", once.stderr);
    assert!(once.stderr.contains("1 updated"), "{}", once.stderr);
    assert_eq!(host.read("real/flags").unwrap(), b"/a");
}
