//! What docs/kubernetes.md says of users, volumes and ConfigMaps.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use ld_testkit::{Host, Namespace, SOON, TestCommand};

/// The user of the image, and that of an application.
const WATCHER: u32 = 65532;
const APPLICATION: u32 = 65533;

/// A host with a node, and a volume of this mode for its file.
fn pod(zookeeper: &Namespace, volume: u32) -> Host {
    zookeeper.admin().create(&zookeeper.path("/flags"), "content").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    fs::create_dir(host.path("live")).unwrap();
    fs::set_permissions(host.path("live"), fs::Permissions::from_mode(volume)).unwrap();
    host
}

/// The watcher of an init container.
fn first(host: &Host, options: &[&str]) -> TestCommand {
    host.open();
    let config = host.config();
    let command = TestCommand::new(host.copy_of_watcher()).arg("--once").args(options).arg(config);
    command.user(WATCHER, WATCHER)
}

fn can_read(host: &Host, user: u32, group: u32) -> bool {
    let cat = TestCommand::new("cat").arg(host.file("flags")).user(user, group);
    cat.run(SOON).code == Some(0)
}

#[test]
fn an_application_reads_by_mode_group_or_the_same_user() {
    for (setting, value, others, group) in
        [("mode", "0400", false, false), ("mode", "0444", true, true), ("mode", "0440", false, true)]
    {
        let zookeeper = Namespace::new();
        let host = pod(&zookeeper, 0o1777).setting(&format!("nodes.flags.{setting}"), value);
        let output = first(&host, &[]).run(SOON);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(can_read(&host, WATCHER, WATCHER), "{value}");
        assert_eq!(can_read(&host, APPLICATION, APPLICATION), others, "{value}");
        assert_eq!(can_read(&host, APPLICATION, WATCHER), group, "{value}");
    }
}

#[test]
fn an_empty_dir_warns_and_so_fails_with_strict_only() {
    let zookeeper = Namespace::new();
    let host = pod(&zookeeper, 0o777);
    let strict = first(&host, &["--strict"]).run(SOON);
    assert_eq!(strict.code, Some(1), "{}", strict.stderr);
    assert_eq!(strict.stderr.matches("every user").count(), 1, "{}", strict.stderr);
    assert_eq!(first(&host, &[]).run(SOON).code, Some(0));
    assert_eq!(host.read("flags").unwrap(), b"content");
}

#[test]
fn a_sticky_or_private_volume_passes_strict() {
    for (mode, owner) in [(0o1777, 0), (0o755, WATCHER)] {
        let zookeeper = Namespace::new();
        let host = pod(&zookeeper, mode);
        chown(host.path("live"), Some(owner), Some(owner)).unwrap();
        let output = first(&host, &["--strict"]).run(SOON);
        assert_eq!(output.code, Some(0), "{mode:o}: {}", output.stderr);
    }
}

/// Switches the link of a ConfigMap's volume to a new directory, as the kubelet does.
fn switch(volume: &Path, version: &str, text: &[u8]) {
    fs::create_dir(volume.join(version)).unwrap();
    fs::write(volume.join(version).join("live-data.ini"), text).unwrap();
    symlink(version, volume.join("..data_tmp")).unwrap();
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
}

#[test]
fn a_switched_config_map_is_read_on_sighup() {
    let zookeeper = Namespace::new();
    let host = pod(&zookeeper, 0o755);
    let volume = host.path("config");
    fs::create_dir(&volume).unwrap();
    switch(&volume, "..1", &fs::read(host.config()).unwrap());
    symlink("..data/live-data.ini", volume.join("live-data.ini")).unwrap();
    let watcher = TestCommand::new(host.copy_of_watcher()).arg(volume.join("live-data.ini")).start();
    host.wait_for("flags", "content");
    let host = host.node("more", "/flags");
    switch(&volume, "..2", &fs::read(host.config()).unwrap());
    watcher.hang_up();
    host.wait_for("more", "content");
}
