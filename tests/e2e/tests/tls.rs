//! TLS from the configuration file to the network, and the warning for credentials without it.

use std::fs;

use ld_testkit::{Acl, Admin, Authority, Certificate, Daemon, Host, SOON, SecurePort, Server, ServerOptions};

const CREDENTIAL: &str = "live-data:planted-password";
const CLEAR_TEXT: &str = "in clear text";

struct Fleet {
    authority: Authority,
    server: Server,
}

impl Fleet {
    /// A server that asks its clients for a certificate. Only `CREDENTIAL` may read `/closed`.
    fn new() -> Self {
        let authority = Authority::new();
        let secure =
            SecurePort { certificate: authority.issue(&["localhost"]), clients: Some(authority.pem()) };
        let server = Server::start_with(ServerOptions { secure: Some(secure), ..ServerOptions::default() });
        let owner = Admin::new(server.address()).with_digest(CREDENTIAL);
        owner.create_with_acl("/closed", "over TLS", &[Acl::creator(Acl::ALL)]).unwrap();
        Self { authority, server }
    }

    /// A host with credentials and this certificate.
    fn host(&self, authority: &Authority, certificate: &Certificate) -> Host {
        let host = Host::new(format!("localhost:{}", self.server.secure_address().port()));
        let mut host = host.node("closed", "/closed").credentials(&[CREDENTIAL]);
        for (name, text) in [("ca", &authority.pem()), ("cert", &certificate.cert), ("key", &certificate.key)]
        {
            let path = host.path(name);
            fs::write(&path, text).unwrap();
            host = host.setting(&format!("zookeeper.tls.{name}"), path.to_str().unwrap());
        }
        host
    }
}

/// The second halves of a key's lines: keys of one kind share their first bytes.
fn key_material(certificate: &Certificate) -> Vec<&str> {
    certificate
        .key
        .lines()
        .filter(|line| !line.starts_with('-'))
        .map(|line| &line[line.len() / 2..])
        .collect()
}

fn assert_no_key(certificate: &Certificate, output: &str) {
    for part in key_material(certificate) {
        assert!(!output.contains(part), "{output}");
    }
}

fn output(daemon: &Daemon) -> String {
    format!("{}{}", daemon.stdout(), daemon.stderr())
}

#[test]
fn tls_works_and_no_log_level_shows_a_secret() {
    let fleet = Fleet::new();
    let certificate = fleet.authority.issue(&["host"]);
    let host = fleet.host(&fleet.authority, &certificate);
    let watcher = host.watcher().arg("--debug").env("RUST_LOG", "trace").start();
    host.wait_for("closed", "over TLS");
    let writer = host.writer("changed over TLS", "/closed").arg("--debug").env("RUST_LOG", "trace").run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    host.wait_for("closed", "changed over TLS");
    watcher.terminate();
    watcher.wait(SOON);
    for text in [writer.stdout, writer.stderr, output(&watcher)] {
        assert!(!text.contains(CLEAR_TEXT), "{text}");
        assert_no_key(&certificate, &text);
    }
    // The search finds a key that is shown.
    let shown = std::panic::catch_unwind(|| assert_no_key(&certificate, &format!("{:?}", certificate.key)));
    assert!(shown.is_err());
}

#[test]
fn an_untrusted_server_is_refused_until_it_is_trusted() {
    let fleet = Fleet::new();
    let certificate = fleet.authority.issue(&["host"]);
    let host = fleet.host(&Authority::new(), &certificate);
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("no authority in zookeeper.tls.ca vouches for the server's certificate", SOON);
    let writer = host.writer("never", "/closed").run(2 * SOON);
    assert_eq!(writer.code, Some(1));
    assert!(writer.stderr.contains("no authority in zookeeper.tls.ca vouches"), "{}", writer.stderr);
    assert_eq!(host.read("closed"), None);
    fs::write(host.path("ca"), fleet.authority.pem()).unwrap();
    host.wait_for("closed", "over TLS");
    assert_no_key(&certificate, &output(&watcher));
}

#[test]
fn a_client_certificate_without_a_key_is_an_error() {
    let host = Host::new("localhost").setting("zookeeper.tls.ca", "ca").setting("zookeeper.tls.cert", "cert");
    for once in [host.once().run(SOON), host.writer("x", "/x").run(SOON)] {
        assert_eq!(once.code, Some(1), "{}", once.stderr);
        let expected = "zookeeper.tls.key: no value specified, needed with zookeeper.tls.cert";
        assert!(once.stderr.contains(expected), "{}", once.stderr);
    }
}

#[test]
fn credentials_in_clear_text_over_a_network_warn_once() {
    // From a network for documentation: no host answers.
    let host = Host::new("192.0.2.1,192.0.2.2").credentials(&[CREDENTIAL]).node("a", "/a");
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("no ZooKeeper session, trying again", 2 * SOON);
    let warnings: Vec<_> =
        watcher.stderr().lines().filter(|line| line.contains(CLEAR_TEXT)).map(str::to_owned).collect();
    let [warning] = &warnings[..] else { panic!("not one: {warnings:?}") };
    assert!(warning.contains("192.0.2.1:2181, 192.0.2.2:2181"), "{warning}");
}

#[test]
fn credentials_that_stay_on_the_machine_do_not_warn() {
    let server = Server::shared();
    let host = Host::new(server.connect_string()).credentials(&[CREDENTIAL]);
    let watcher = host.watcher().start();
    watcher.wait_for_stderr("session", SOON);
    assert!(!watcher.stderr().contains(CLEAR_TEXT), "{}", watcher.stderr());
}
