//! Attackers that can write every node of the ensemble, and have no key of a publisher.

use ld_testkit::{Admin, Host, Namespace, Publisher, SOON, Step, TestCommand, binary};

/// The SHA-256 of `evil`.
const EVIL_SHA256: &str = "b5c1fb2efc6d6b4674c2fdcc48ce01b43a3b7c03763c0c3355de0099ee0f8c73";

/// An ensemble with signed nodes, and a host on which they are verified.
struct Stolen {
    zookeeper: Namespace,
    publisher: Publisher,
    host: Host,
}

impl Stolen {
    fn new() -> Self {
        let zookeeper = Namespace::new();
        let publisher = Publisher::new();
        let mut host = Host::new(zookeeper.connect_string());
        for name in ["flags", "limits"] {
            zookeeper.admin().create(&zookeeper.path(&format!("/{name}")), "").unwrap();
            let keys = publisher.public();
            host = host.node(name, &format!("/{name}"));
            host = host.setting(&format!("nodes.{name}.verify"), keys.to_str().unwrap());
            host = host.setting(&format!("nodes.{name}.on_delete"), "keep");
        }
        host.init(&[]);
        Self { zookeeper, publisher, host }
    }

    #[track_caller]
    fn publish(&self, name: &str, content: &str) -> String {
        let writer = self.host.writer(content, &format!("/{name}")).arg("--sign").arg(self.publisher.key());
        let written = writer.run(SOON);
        assert_eq!(written.code, Some(0), "{}", written.stderr);
        written.stderr
    }

    fn attacker(&self) -> &Admin {
        self.zookeeper.admin()
    }

    fn node(&self, name: &str) -> String {
        self.zookeeper.path(&format!("/{name}"))
    }

    /// The nodes with the signatures of a node.
    fn signatures(&self, name: &str) -> Vec<String> {
        let directory = self.zookeeper.path(&format!("/live-data/signatures/{name}"));
        let names = self.attacker().children(&directory).unwrap();
        names.iter().map(|hash| format!("{directory}/{hash}")).collect()
    }
}

#[test]
fn content_of_another_origin_is_not_applied() {
    let stolen = Stolen::new();
    stolen.publish("flags", "good");
    let watcher = stolen.host.watcher().start();
    stolen.host.wait_for("flags", "good");
    let last = stolen.host.mtime("flags");
    stolen.attacker().set(&stolen.node("flags"), "evil").unwrap();
    let place = format!("/live-data/signatures/flags/{EVIL_SHA256}");
    let reason = format!("the content is rejected: it has no signature in {place}:");
    watcher.wait_for_stderr(&reason, SOON);
    // A signature of something else does not help.
    let signature = stolen.attacker().get(&stolen.signatures("flags")[0]).unwrap().0;
    stolen.attacker().create(&stolen.zookeeper.path(&place), signature).unwrap();
    watcher.wait_for_stderr("the content is rejected: the signature is not of this content", SOON);
    assert_eq!(stolen.host.read("flags").as_deref(), Some(&b"good"[..]));
    assert_eq!(stolen.host.mtime("flags"), last);
}

#[test]
fn an_older_signed_content_is_not_shown_again() {
    let stolen = Stolen::new();
    stolen.publish("flags", "1");
    let watcher = stolen.host.watcher().start();
    stolen.host.wait_for("flags", "1");
    stolen.publish("flags", "2");
    stolen.host.wait_for("flags", "2");
    stolen.attacker().set(&stolen.node("flags"), "1").unwrap();
    watcher.wait_for_stderr(" was applied already, so that it may be an old content", SOON);
    assert_eq!(stolen.host.read("flags").as_deref(), Some(&b"2"[..]));
}

#[test]
fn a_restarted_watcher_knows_no_counter() {
    let stolen = Stolen::new();
    stolen.publish("flags", "1");
    stolen.publish("flags", "2");
    let watcher = stolen.host.watcher().start();
    stolen.host.wait_for("flags", "2");
    drop(watcher);
    stolen.attacker().set(&stolen.node("flags"), "1").unwrap();
    let _watcher = stolen.host.watcher().start();
    stolen.host.wait_for("flags", "1");
}

#[test]
fn what_was_signed_for_one_node_is_not_applied_of_another() {
    let stolen = Stolen::new();
    stolen.publish("flags", "on");
    stolen.publish("limits", "5");
    let watcher = stolen.host.watcher().start();
    stolen.host.wait_for("flags", "on");
    stolen.host.wait_for("limits", "5");
    // Contents and signatures change places in one transaction.
    let [flags, limits] = ["flags", "limits"].map(|name| stolen.signatures(name).remove(0));
    let read = |path: &str| stolen.attacker().get(path).unwrap().0;
    let moved = |path: &str, from: &str, to: &str| path.replace(&format!("/{from}/"), &format!("/{to}/"));
    let steps = [
        Step::create(moved(&flags, "flags", "limits"), read(&flags)),
        Step::create(moved(&limits, "limits", "flags"), read(&limits)),
        Step::set(stolen.node("flags"), "5"),
        Step::set(stolen.node("limits"), "on"),
    ];
    stolen.attacker().transaction(&steps).unwrap();
    watcher.wait_for_stderr("the signature is for '/flags', and not for /limits", SOON);
    watcher.wait_for_stderr("the signature is for '/limits', and not for /flags", SOON);
    assert_eq!(stolen.host.read("flags").as_deref(), Some(&b"on"[..]));
    assert_eq!(stolen.host.read("limits").as_deref(), Some(&b"5"[..]));
}

#[test]
fn what_is_deleted_takes_no_file_away() {
    let stolen = Stolen::new();
    stolen.publish("flags", "good");
    let watcher = stolen.host.watcher().start();
    stolen.host.wait_for("flags", "good");
    for signature in stolen.signatures("flags") {
        stolen.attacker().delete(&signature).unwrap();
    }
    drop(watcher);
    let watcher = stolen.host.watcher().start();
    watcher.wait_for_stderr("the content is rejected: it has no signature in ", SOON);
    stolen.attacker().delete(&stolen.node("flags")).unwrap();
    watcher.wait_for_stderr("a file '", SOON);
    assert_eq!(stolen.host.read("flags").as_deref(), Some(&b"good"[..]));
}

#[test]
fn a_planted_counter_does_not_lock_publishers_out() {
    let stolen = Stolen::new();
    stolen.publish("flags", "1");
    let place = stolen.signatures("flags").remove(0);
    let signature = String::from_utf8(stolen.attacker().get(&place).unwrap().0).unwrap();
    let (before, after) = signature.split_once(" counter:").unwrap();
    let rest = after.split_once('\n').unwrap().1;
    let planted = format!("{before} counter:{}\n{rest}", u64::MAX);
    stolen.attacker().set(&place, planted).unwrap();
    let written = stolen.publish("flags", "2");
    assert!(written.contains("Signed it with the counter 1"), "{written}");
    assert!(!written.contains(&u64::MAX.to_string()), "{written}");
    let _watcher = stolen.host.watcher().start();
    stolen.host.wait_for("flags", "2");
}

#[test]
fn publishers_sign_nothing_that_the_ensemble_puts_in() {
    let stolen = Stolen::new();
    stolen.attacker().set(&stolen.node("flags"), "evil").unwrap();
    let signed = stolen.publisher.sign_published("good", "/flags", &stolen.host.config());
    assert_eq!(signed.code, Some(1), "{}", signed.stderr);
    assert!(signed.stderr.contains("holds something else than"), "{}", signed.stderr);
}

#[test]
fn nothing_shows_a_secret_key_or_its_password() {
    let stolen = Stolen::new();
    let key = std::fs::read_to_string(stolen.publisher.key()).unwrap();
    let secret = key.lines().nth(1).unwrap();
    let password = stolen.publisher.file("password", "planted-password\n");
    let writer = stolen.host.writer("good", "/flags").arg("--debug").arg("--sign");
    let writer = writer.arg(stolen.publisher.key()).arg("--sign-password-file").arg(password).run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    let broken = stolen.publisher.file("broken", format!("untrusted comment:\n{}x\n", &secret[..200]));
    let refused = stolen.host.writer("better", "/flags").arg("--sign").arg(broken).run(SOON);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    for output in [writer, refused] {
        let all = output.stdout + &output.stderr;
        assert!(!all.contains(&secret[40..80]) && !all.contains("planted-password"), "{all}");
    }
}

#[test]
fn a_key_that_others_may_read_warns() {
    use std::os::unix::fs::PermissionsExt;
    let stolen = Stolen::new();
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(stolen.publisher.key(), mode).unwrap();
    let written = stolen.publish("flags", "good");
    assert!(written.contains("publisher.key' can be read by others (mode 0644): chmod 600"), "{written}");
    let _watcher = stolen.host.watcher().start();
    stolen.host.wait_for("flags", "good");
}

#[test]
fn public_keys_that_others_may_write_warn() {
    use std::os::unix::fs::PermissionsExt;
    let stolen = Stolen::new();
    let mode = std::fs::Permissions::from_mode(0o646);
    std::fs::set_permissions(stolen.publisher.public(), mode).unwrap();
    let warning = "publisher.pub: others may change this file: its mode 0646 lets every local user write";
    stolen.host.watcher().start().wait_for_stderr(warning, SOON);
    let check =
        TestCommand::new(binary("live-data-watcher")).arg("check").arg(stolen.host.config()).run(SOON);
    assert!(check.stdout.contains("nodes.flags.verify: others may change this file"), "{}", check.stdout);
}
