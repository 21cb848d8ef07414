//! Signed content: the writer signs, the watcher applies only what is signed, and minisign agrees.

mod pointers;

use std::fs;
use std::path::Path;

use ld_testkit::{
    Acl, Admin, HeldWriter, Host, Namespace, Proxy, ProxyMode, Publisher, SOON, TestCommand, TestOutput,
    binary, operation, wait_until,
};

/// An ensemble with the node `/app/flags`, which holds `old`, and a host on which it is verified.
struct Fixture {
    zookeeper: Namespace,
    publisher: Publisher,
    host: Host,
}

impl Fixture {
    fn new() -> Self {
        let zookeeper = Namespace::new();
        zookeeper.admin().create_all(&zookeeper.path("/app/flags"), "old").unwrap();
        let publisher = Publisher::new();
        let host = Host::new(zookeeper.connect_string()).node("flags", "/app/flags");
        let host = host.setting("nodes.flags.verify", publisher.public().to_str().unwrap());
        host.init(&[]);
        Self { zookeeper, publisher, host }
    }

    /// Publishes a content with a signature.
    #[track_caller]
    fn publish(&self, content: &str) -> TestOutput {
        let writer = self.host.writer(content, "/app/flags").arg("--sign").arg(self.publisher.key());
        let written = writer.run(SOON);
        assert_eq!(written.code, Some(0), "{}", written.stderr);
        written
    }

    fn content(&self) -> Vec<u8> {
        self.zookeeper.admin().get(&self.zookeeper.path("/app/flags")).unwrap().0
    }

    fn signatures_directory(&self) -> String {
        self.zookeeper.path("/live-data/signatures/app%2Fflags")
    }

    /// The signatures in the ensemble.
    fn signatures(&self) -> Vec<Vec<u8>> {
        let directory = self.signatures_directory();
        let names = self.zookeeper.admin().children(&directory).unwrap_or_default();
        let read = |name| self.zookeeper.admin().get(&format!("{directory}/{name}")).unwrap().0;
        names.iter().map(read).collect()
    }
}

#[test]
fn what_the_writer_signs_is_applied_and_valid_for_minisign() {
    let fixture = Fixture::new();
    let Fixture { publisher, host, .. } = &fixture;
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("the content is rejected: it has no signature in /live-data/signatures/", SOON);
    let written = fixture.publish("new\n");
    assert!(written.stderr.contains("Signed it with the counter 1"), "{}", written.stderr);
    host.wait_for("flags", "new\n");
    // The content itself is plain, for watchers and tools that know of no signatures.
    assert_eq!(fixture.content(), b"new\n");
    let [signature] = &fixture.signatures()[..] else { panic!("{:?}", fixture.signatures()) };
    let comment = publisher.verify_with_minisign("new\n", signature).unwrap();
    assert!(comment.starts_with("live-data path:/app/flags counter:1"), "{comment}");
    assert_eq!(publisher.verify_with_minisign("other\n", signature), None);
}

#[test]
fn what_minisign_signs_is_applied() {
    let fixture = Fixture::new();
    let Fixture { zookeeper, publisher, host } = &fixture;
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("live-data-ctl sign --publish; the last file stays", SOON);
    let stderr = watcher.stderr();
    let place = stderr.split("it has no signature in ").nth(1).unwrap().split(':').next().unwrap();
    let signature = publisher.sign_with_minisign("old", "live-data path:/app/flags counter:7");
    zookeeper.admin().create_all(&zookeeper.path(place), signature).unwrap();
    host.wait_for("flags", "old");
}

#[test]
fn what_watchers_would_reject_is_not_written() {
    let fixture = Fixture::new();
    let Fixture { publisher, host, .. } = &fixture;
    let unsigned = host.writer("new", "/app/flags").run(SOON);
    unsigned.assert_ends(1, "nodes.flags.verify asks for signatures");
    assert!(unsigned.stderr.contains("name the publisher's secret key with --sign"));
    let stranger = Publisher::new();
    let writer = |key: &Path| host.writer("new", "/app/flags").arg("--sign").arg(key).run(SOON);
    writer(&stranger.key()).assert_ends(1, "is not in ");
    writer(&publisher.public()).assert_ends(1, "is not a secret key of minisign");
    writer(Path::new("/no/such/key")).assert_ends(2, "'/no/such/key' cannot be read");
    assert_eq!((fixture.content(), fixture.signatures()), (b"old".to_vec(), Vec::new()));
}

#[test]
fn a_missing_place_for_signatures_says_how_to_make_it() {
    let fixture = Fixture::new();
    let signatures = fixture.zookeeper.path("/live-data/signatures");
    fixture.zookeeper.admin().delete_all(&signatures).unwrap();
    let writer = fixture.host.writer("new", "/app/flags").arg("--sign").arg(fixture.publisher.key());
    writer.run(SOON).assert_ends(1, "make it with `live-data-ctl init CONFIG`");
    assert_eq!(fixture.content(), b"old");
}

#[test]
fn a_huge_signature_is_refused_without_being_read() {
    const HUGE: usize = 900_000;
    let fixture = Fixture::new();
    let proxy = Proxy::start(fixture.zookeeper.server().address());
    fixture.publish("new");
    let name = fixture.signatures_directory();
    let name = format!("{name}/{}", fixture.zookeeper.admin().children(&name).unwrap()[0]);
    fixture.zookeeper.admin().set(&name, vec![b'x'; HUGE]).unwrap();
    let hosts = format!("{}{}", proxy.connect_string(), fixture.zookeeper.chroot());
    let host = Host::new(hosts).node("flags", "/app/flags");
    let host = host.setting("nodes.flags.verify", fixture.publisher.public().to_str().unwrap());
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("the content is rejected: the signature has more than 4096 bytes", SOON);
    assert!(proxy.counts().bytes_from_server < HUGE as u64 / 10, "{:?}", proxy.counts());
}

#[test]
fn a_second_run_changes_nothing() {
    let fixture = Fixture::new();
    fixture.publish("new");
    let signatures = fixture.signatures();
    let again = fixture.publish("new");
    assert!(again.stderr.contains("No changes detected. Not writing."), "{}", again.stderr);
    assert_eq!(fixture.signatures(), signatures);
}

#[test]
fn what_is_published_can_be_signed_later() {
    let fixture = Fixture::new();
    let Fixture { publisher, host, .. } = &fixture;
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("it has no signature in ", SOON);
    let other = publisher.sign_published("not old", "/app/flags", &host.config());
    other.assert_ends(1, "nothing was signed: /app/flags holds something else than ");
    let signed = publisher.sign_published("old", "/app/flags", &host.config());
    assert_eq!(signed.code, Some(0), "{}", signed.stderr);
    host.wait_for("flags", "old");
    let [signature] = &fixture.signatures()[..] else { panic!("{:?}", fixture.signatures()) };
    assert!(publisher.verify_with_minisign("old", signature).is_some());
}

#[test]
fn the_writer_signs_what_is_there_without_a_signature() {
    let fixture = Fixture::new();
    let written = fixture.publish("old");
    assert!(written.stderr.contains("Signed what /app/flags holds"), "{}", written.stderr);
    assert_eq!(fixture.signatures().len(), 1);
    fixture.host.watcher().start().wait_for_stderr("Updating '", SOON);
}

#[test]
fn a_node_that_is_not_written_is_signed_with_the_others() {
    let fixture = Fixture::new();
    let Fixture { zookeeper, publisher, host } = &fixture;
    let admin = zookeeper.admin();
    admin.create(&zookeeper.path("/app/limits"), "same").unwrap();
    let also = format!("{}=/app/limits", publisher.file("limits", "same").display());
    let writer = host.writer("new", "/app/flags").arg("--sign").arg(publisher.key());
    let written = writer.args(["--also", &also]).run(SOON);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let directory = zookeeper.path("/live-data/signatures/app%2Flimits");
    let [name] = &admin.children(&directory).unwrap()[..] else { panic!("{}", written.stderr) };
    let (signature, stat) = admin.get(&format!("{directory}/{name}")).unwrap();
    assert!(publisher.verify_with_minisign("same", &signature).is_some());
    // One transaction has written all of it, and the node not at all.
    assert_eq!(stat.mzxid, admin.get(&zookeeper.path("/app/flags")).unwrap().1.mzxid);
    assert_eq!(admin.get(&zookeeper.path("/app/limits")).unwrap().1.version, 0);
}

#[test]
fn what_is_no_signature_is_replaced() {
    let fixture = Fixture::new();
    fixture.publish("old");
    let directory = fixture.signatures_directory();
    let admin = fixture.zookeeper.admin();
    let place = format!("{directory}/{}", admin.children(&directory).unwrap()[0]);
    let stranger = Admin::new(fixture.zookeeper.server().address()).with_digest("eve:password");
    let foreign: [(&[u8], &[Acl]); 3] = [
        (&[b'x'; 100_000], &[Acl::anyone(Acl::ALL)]),
        (b"no signature", &[Acl::anyone(Acl::READ)]),
        (b"no signature", &[Acl::creator(Acl::ALL)]),
    ];
    for (content, acl) in foreign {
        admin.delete(&place).unwrap();
        stranger.create_with_acl(&place, content, acl).unwrap();
        fixture.publish("old");
        let [signature] = &fixture.signatures()[..] else { panic!("{:?}", fixture.signatures()) };
        assert!(fixture.publisher.verify_with_minisign("old", signature).is_some());
    }
    // The content changes, and comes back.
    admin.set(&place, "no signature").unwrap();
    fixture.publish("new");
    fixture.publish("old");
    let (signature, _) = admin.get(&place).unwrap();
    assert!(fixture.publisher.verify_with_minisign("old", &signature).is_some());
}

#[test]
fn a_place_with_children_is_named() {
    let fixture = Fixture::new();
    fixture.publish("old");
    let directory = fixture.signatures_directory();
    let admin = fixture.zookeeper.admin();
    let name = &admin.children(&directory).unwrap()[0];
    admin.set(&format!("{directory}/{name}"), "no signature").unwrap();
    admin.create(&format!("{directory}/{name}/child"), "").unwrap();
    let place = format!("/live-data/signatures/app%2Fflags/{name}");
    let writer = || fixture.host.writer("old", "/app/flags").arg("--sign").arg(fixture.publisher.key());
    let refused = writer().run(SOON);
    let command = format!("live-data-ctl delete CONFIG {place}");
    refused.assert_ends(1, &format!("{place} is no signature, and has children: "));
    assert!(refused.stderr.contains(&command), "{}", refused.stderr);
    for path in [format!("{place}/child"), place] {
        let deleted = fixture.host.ctl("delete").args([&*path, "--yes"]).run(SOON);
        assert_eq!(deleted.code, Some(0), "{}", deleted.stderr);
    }
    fixture.publish("old");
    assert_eq!(fixture.signatures().len(), 1);
}

#[test]
fn what_cannot_be_meant_is_not_signed() {
    let publisher = Publisher::new();
    let sign = |file: &Path, path: &str| {
        let command = TestCommand::new(binary("live-data-ctl")).arg("sign").arg(publisher.key());
        command.arg(file).args(["--path", path]).run(SOON)
    };
    sign(Path::new("-"), "/app/flags").assert_ends(1, "standard input is empty; nothing was signed");
    assert_eq!(sign(Path::new("/dev/null"), "/app/flags").code, Some(0));
    sign(&publisher.public(), "/").assert_ends(2, "'/' is not a node");
}

#[test]
fn keys_rotate_by_having_two() {
    let fixture = Fixture::new();
    let Fixture { publisher, host, .. } = &fixture;
    let successor = Publisher::new();
    fixture.publish("1");
    let watcher = host.watcher().start();
    host.wait_for("flags", "1");
    let keys = |publisher: &Publisher| fs::read_to_string(publisher.public()).unwrap();
    let old = keys(publisher);
    fs::write(publisher.public(), format!("{old}{}", keys(&successor))).unwrap();
    watcher.hang_up();
    watcher.wait_for_stderr("reloaded: ", SOON);
    let writer = host.writer("2", "/app/flags").arg("--sign").arg(successor.key()).run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    host.wait_for("flags", "2");
    fs::write(publisher.public(), keys(&successor)).unwrap();
    watcher.hang_up();
    let writer = host.writer("3", "/app/flags").arg("--sign").arg(successor.key()).run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    host.wait_for("flags", "3");
    // Signed by the key that was taken away.
    let signature = publisher.sign("2", "/app/flags", u64::MAX);
    let place = fixture.zookeeper.path("/live-data/signatures/app%2Fflags");
    let name = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35";
    fixture.zookeeper.admin().set(&format!("{place}/{name}"), signature).unwrap();
    fixture.zookeeper.admin().set(&fixture.zookeeper.path("/app/flags"), "2").unwrap();
    watcher.wait_for_stderr("a key that is not among the public keys", SOON);
}

#[test]
fn a_signed_write_with_a_lost_answer_is_found_written() {
    let fixture = Fixture::new();
    let proxy = Proxy::start(fixture.zookeeper.server().address());
    let hosts = format!("{}{}", proxy.connect_string(), fixture.zookeeper.chroot());
    let host = Host::new(hosts).setting("zookeeper.timeout", "5 seconds");
    let content = HeldWriter::content();
    let writer = host.writer(&content, "/app/flags").arg("--sign").arg(fixture.publisher.key());
    let writer = writer.pause_stdout().start();
    writer.wait_for_stdout("--- old", SOON);
    proxy.set_mode(ProxyMode::OnlyToServer);
    writer.resume_stdout();
    wait_until("the write", SOON, || proxy.requests_of(operation::MULTI) == 1);
    wait_until("the write to be done", SOON, || fixture.content() == content.as_bytes());
    proxy.reset_connections();
    proxy.set_mode(ProxyMode::Pass);
    assert_eq!(writer.wait(3 * SOON).code(), Some(0), "{}", writer.stderr());
    assert!(writer.stderr().contains("Signed it with the counter "), "{}", writer.stderr());
    assert_eq!(fixture.signatures().len(), 1);
}

#[test]
fn a_preview_verifies_too() {
    let fixture = Fixture::new();
    let check = || {
        let command = TestCommand::new(binary("live-data-watcher")).args(["check", "--connect"]);
        command.arg(fixture.host.config()).run(SOON)
    };
    let unsigned = check();
    assert_eq!(unsigned.code, Some(1), "{}", unsigned.stdout);
    assert!(unsigned.stdout.contains("rejected: it has no signature in "), "{}", unsigned.stdout);
    fixture.publish("new");
    let signed = check();
    assert!(signed.code == Some(0) && signed.stdout.contains("would write 3 bytes"), "{}", signed.stdout);
    fs::remove_file(fixture.publisher.public()).unwrap();
    let without_keys = check();
    assert!(without_keys.stdout.contains("publisher.pub' cannot be read"), "{}", without_keys.stdout);
}

/// A secret key of minisign with the password `hush`, which takes little time to decrypt.
const ENCRYPTED: &str = "untrusted comment: minisign encrypted secret key\n\
                         RWRTY0Iyc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3MAgAAAAAAAAAAAAAEAAAAA\
                         KTfdDRnWlxXuIgukfo0JgQef/KrTYMN+RYqjj+p5aWrP3/OvQNzSs9H07wPAPuPIMaux2DkN\
                         g12huwkrN708wYh70fDy7eeWPWT2Q6rupiAnebrnyEbzhgJhxCAZikFELE4eeq9SL94=\n";

#[test]
fn a_key_with_a_password_names_the_option_for_it() {
    let fixture = Fixture::new();
    let publisher = &fixture.publisher;
    let key = publisher.file("encrypted", ENCRYPTED);
    let (password, file) = (publisher.file("password", "hush\n"), publisher.file("file", "content"));
    let reason = "is encrypted: name a file that holds its password, with --sign-password-file";
    let sign = || {
        let sign = TestCommand::new(binary("live-data-ctl")).arg("sign").arg(&key).arg(&file);
        sign.args(["--path", "/app/flags"])
    };
    sign().run(SOON).assert_ends(1, reason);
    // The same name as that of the commands which publish.
    for option in ["--sign-password-file", "--password-file"] {
        sign().arg(option).arg(&password).run(SOON).assert_ends(0, "");
    }
    let host = Host::new(fixture.zookeeper.connect_string());
    let writer = || host.writer("new", "/app/flags").arg("--sign").arg(&key);
    writer().run(SOON).assert_ends(1, reason);
    writer().arg("--sign-password-file").arg(&password).run(SOON).assert_ends(0, "Signed it");
}

#[test]
fn files_are_signed_and_verified_without_a_server() {
    let publisher = Publisher::new();
    let signature = publisher.sign("content", "/app/flags", 7);
    let comment = publisher.verify_with_minisign("content", signature.as_bytes());
    assert_eq!(comment.as_deref(), Some("live-data path:/app/flags counter:7"));
    let (file, other) = (publisher.file("file", "content"), publisher.file("other", "content!"));
    let signature = publisher.file("file.minisig", signature);
    let host = Host::new("no-such-host").node("flags", "/app/flags");
    let host = host.setting("nodes.flags.verify", publisher.public().to_str().unwrap());
    let verify = |keys: &Path, file: &Path, path: &str| {
        let verify = TestCommand::new(binary("live-data-ctl")).arg("verify").arg(keys).arg(file);
        verify.arg(&signature).args(["--path", path]).run(SOON)
    };
    for keys in [publisher.public(), host.config()] {
        let verified = verify(&keys, &file, "/app/flags");
        assert_eq!(verified.stdout, "signed for /app/flags with the counter 7\n", "{}", verified.stderr);
        assert_eq!(verified.code, Some(0));
        verify(&keys, &other, "/app/flags").assert_ends(1, "the signature is not of this content");
    }
    let elsewhere = verify(&publisher.public(), &file, "/app/other");
    elsewhere.assert_ends(1, "the signature is for '/app/flags', and not for /app/other");
    let unknown = verify(&host.config(), &file, "/app/other");
    unknown.assert_ends(1, "has no node with the source /app/other that sets verify");
}
