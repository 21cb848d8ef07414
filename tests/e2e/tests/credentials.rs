//! Credentials: wrong ones, late ones, and their absence from all output.

use std::fs;
use std::os::unix::fs::symlink;

use ld_testkit::{Acl, Admin, Host, Namespace, SOON};

const GOOD: &str = "live-data:planted-password";
const WRONG: &str = "live-data:planted-mistake";
const NO_AUTH: &str = "nodes.closed: CHROOT/closed -> 'DEST': the node cannot be read: not authorized (check zookeeper.credentials";

/// `/open` for every client, `/closed` for clients with the credential `GOOD`.
fn namespace() -> (Namespace, Admin) {
    let zookeeper = Namespace::new();
    let owner = Admin::new(zookeeper.server().address()).with_digest(GOOD);
    owner.create(&zookeeper.path("/open"), "open").unwrap();
    owner.create_with_acl(&zookeeper.path("/closed"), "closed", &[Acl::creator(Acl::ALL)]).unwrap();
    (zookeeper, owner)
}

fn host(zookeeper: &Namespace) -> Host {
    Host::new(zookeeper.connect_string()).node("open", "/open").node("closed", "/closed")
}

fn no_auth(zookeeper: &Namespace, host: &Host) -> String {
    let dest = host.file("closed");
    NO_AUTH.replace("CHROOT", zookeeper.chroot()).replace("DEST", dest.to_str().unwrap())
}

#[test]
fn a_corrected_password_is_used_without_a_restart() {
    let (zookeeper, owner) = namespace();
    let host = host(&zookeeper).credentials(&[WRONG]);
    let watcher = host.watcher().start();
    host.wait_for("open", "open");
    watcher.wait_for_stderr(&no_auth(&zookeeper, &host), SOON);
    assert_eq!(host.read("closed"), None);
    host.write_secrets(&[GOOD]);
    host.wait_for("closed", "closed");
    owner.set(&zookeeper.path("/closed"), "changed").unwrap();
    host.wait_for("closed", "changed");
    owner.set(&zookeeper.path("/open"), "changed").unwrap();
    host.wait_for("open", "changed");
}

#[test]
fn a_late_secrets_file_is_used_without_a_restart() {
    let (zookeeper, _owner) = namespace();
    let host = host(&zookeeper).credentials(&[GOOD]);
    let (secrets, away) = (host.path("secrets.json"), host.path("away.json"));
    fs::rename(&secrets, &away).unwrap();
    let watcher = host.watcher().start();
    host.wait_for("open", "open");
    watcher.wait_for_stderr("the ZooKeeper credential secret/zookeeper/0 cannot be read", SOON);
    fs::rename(away, secrets).unwrap();
    host.wait_for("closed", "closed");
}

#[test]
fn one_missing_secret_is_reported_and_the_others_are_used() {
    let (zookeeper, _owner) = namespace();
    let host = host(&zookeeper).credentials(&[GOOD, "another:password"]);
    host.write_secrets(&[GOOD]);
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert!(once.stderr.contains("secret not found: 'secret/zookeeper/1'"), "{}", once.stderr);
    assert_eq!(host.read("closed").unwrap(), b"closed");
}

#[test]
fn once_with_a_wrong_password_exits_1_and_names_the_node() {
    let (zookeeper, _owner) = namespace();
    let host = host(&zookeeper).credentials(&[WRONG]);
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert!(once.stderr.contains(&no_auth(&zookeeper, &host)), "{}", once.stderr);
    assert!(once.stderr.contains("1 updated, 0 unchanged, 0 removed, 0 absent, 1 failed"), "{}", once.stderr);
}

#[test]
fn updates_go_on_after_a_read_right_is_lost_and_restored() {
    let (zookeeper, owner) = namespace();
    let open = zookeeper.path("/open");
    let host = host(&zookeeper);
    let watcher = host.watcher().start();
    host.wait_for("open", "open");
    owner.set_acl(&open, &[Acl::creator(Acl::ALL)]).unwrap();
    owner.set(&open, "while closed").unwrap();
    // A server may drop the event and its watch. The audit finds that within 10 s.
    watcher.wait_for_stderr(&format!("nodes.open: {open} -> "), 4 * SOON);
    assert_eq!(host.read("open").unwrap(), b"open", "the file stays");
    owner.set_acl(&open, &[Acl::anyone(Acl::ALL)]).unwrap();
    host.wait_for("open", "while closed");
    owner.set(&open, "after").unwrap();
    host.wait_for("open", "after");
}

#[test]
fn secrets_of_vault_csi_are_read_and_base64_is_decoded() {
    let (zookeeper, _owner) = namespace();
    let host = host(&zookeeper)
        .setting("zookeeper.credentials", "secret/zookeeper")
        .setting("secrets.provider", "vault_csi");
    let mount = host.path("mount");
    let host = host.setting("secrets.path", mount.to_str().unwrap());
    fs::create_dir_all(mount.join("..2026/secret")).unwrap();
    symlink("..2026", mount.join("..data")).unwrap();
    // live-data:planted-password
    let attributes =
        r#"{"type": "simple", "encoding": "base64", "value": "bGl2ZS1kYXRhOnBsYW50ZWQtcGFzc3dvcmQ="}"#;
    fs::write(mount.join("..2026/secret/zookeeper"), format!(r#"{{"data": {attributes}}}"#)).unwrap();
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert_eq!(host.read("closed").unwrap(), b"closed");
}

#[test]
fn no_output_shows_a_secret_value_even_with_debug() {
    let (zookeeper, _owner) = namespace();
    for credential in [GOOD, WRONG, "planted-without-colon"] {
        let host = host(&zookeeper).credentials(&[credential]);
        let writer = host.writer("new", "/closed");
        let mut outputs = vec![
            host.once().run(SOON),
            host.once().arg("--debug").run(SOON),
            writer.clone().arg("--debug").run(SOON),
            writer.run(SOON),
        ];
        let watcher = host.watcher().arg("--debug").env("RUST_LOG", "trace").start();
        watcher.wait_for_stderr("opened, timeout", SOON);
        host.wait_for("open", "open");
        // A broken secrets file with a new value, while the watcher runs.
        fs::write(host.path("secrets.json"), r#"{"secrets": {"secret/zookeeper/0": "planted-in-bad-json"}"#)
            .unwrap();
        outputs.push(host.once().arg("--debug").run(SOON));
        watcher.terminate();
        watcher.wait(SOON);
        let texts = outputs.iter().flat_map(|output| [output.stdout.clone(), output.stderr.clone()]);
        for text in texts.chain([watcher.stdout(), watcher.stderr()]) {
            assert!(!text.contains("planted"), "{text}");
        }
    }
}
