//! TLS against a real server's secure port: certificates that are right, and all ways in which they
//! are not.

use std::fs;
use std::path::PathBuf;

use ld_config::{Host, TlsConfig, TlsIdentity, ZooKeeperConfig};
use ld_testkit::{Authority, Certificate, SecurePort, Server, ServerOptions, TempDir};
use ld_zk::{Client, SessionState};

use crate::kit::{config, next, open, text, until_state, within};

/// A server with a secure port, and the files of a client.
struct Rig {
    authority: Authority,
    server: Server,
    files: TempDir,
}

impl Rig {
    fn new(certificate: impl Fn(&Authority) -> Certificate) -> Self {
        Self::with_clients_of(None, certificate)
    }

    fn with_clients_of(clients: Option<&Authority>, certificate: impl Fn(&Authority) -> Certificate) -> Self {
        let authority = Authority::new();
        let secure =
            SecurePort { certificate: certificate(&authority), clients: clients.map(Authority::pem) };
        let server = Server::start_with(ServerOptions { secure: Some(secure), ..ServerOptions::default() });
        server.admin().create("/node", "over TLS").unwrap();
        let rig = Self { authority, server, files: TempDir::new() };
        rig.write("ca.pem", rig.authority.pem());
        rig
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.join(name)
    }

    /// Replaces a file of the client's as a renewal does.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path("new"), text).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    fn write_identity(&self, certificate: &Certificate) {
        self.write("cert.pem", &certificate.cert);
        self.write("key.pem", &certificate.key);
    }

    fn config(&self, host: &str) -> ZooKeeperConfig {
        let address = self.server.secure_address();
        let hosts = vec![Host { name: host.to_owned(), port: address.port() }];
        let tls = Some(TlsConfig::new(self.path("ca.pem")));
        {
            let mut zookeeper = config(address);
            zookeeper.hosts = hosts;
            zookeeper.tls = tls;
            zookeeper
        }
    }

    /// A client that has a certificate, or at least names its files.
    fn known_client(&self) -> Client {
        let identity = Some(TlsIdentity { cert: self.path("cert.pem"), key: self.path("key.pem") });
        let mut tls = TlsConfig::new(self.path("ca.pem"));
        tls.identity = identity;
        let tls = Some(tls);
        open(&{
            let mut zookeeper = self.config("localhost");
            zookeeper.tls = tls;
            zookeeper
        })
    }
}

async fn assert_reads(client: &Client) {
    assert_eq!(text(&next(&mut client.watch("/node").unwrap()).await), "over TLS");
}

/// The first error that there is no session, with all its sources.
async fn refusal(client: &Client) -> String {
    let mut states = client.states();
    let error = within("a failed attempt", async {
        loop {
            let session = states.get().sessions.into_iter().next().expect("a client has a session");
            assert_ne!(session.state, SessionState::Connected);
            match session.last_error {
                Some(error) => return error,
                None => states.changed().await.expect("the client lives"),
            };
        }
    })
    .await;
    error.to_string()
}

async fn assert_refused(client: &Client, expected: &[&str]) {
    let refusal = refusal(client).await;
    for text in expected {
        assert!(refusal.contains(text), "{text}: {refusal}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_certificate_is_trusted_by_name_and_address() {
    let rig = Rig::new(|authority| authority.issue(&["localhost", "127.0.0.1"]));
    for host in ["localhost", "127.0.0.1"] {
        assert_reads(&open(&rig.config(host))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_name_is_refused() {
    let rig = Rig::new(|authority| authority.issue(&["zk.example.com"]));
    let port = rig.server.secure_address().port();
    assert_refused(
        &open(&rig.config("localhost")),
        &[
            &format!("no TLS session with localhost:{port}: "),
            "is for another name than that in zookeeper.hosts: ",
            "zk.example.com",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let other = Authority::new();
    let rig = Rig::new(|_| other.issue(&["localhost"]));
    let client = open(&rig.config("localhost"));
    assert_refused(&client, &["no authority in zookeeper.tls.ca vouches for the server's certificate"]).await;
    rig.write("ca.pem", other.pem());
    until_state(&client, SessionState::Connected).await;
    assert_reads(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_is_refused_until_renewed() {
    let rig = Rig::new(|authority| authority.issue_expired(&["localhost"]));
    let client = open(&rig.config("localhost"));
    assert_refused(&client, &["the server's certificate has expired: "]).await;
    rig.server.renew(&rig.authority.issue(&["localhost"]));
    until_state(&client, SessionState::Connected).await;
    assert_reads(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_a_client_certificate_gets_it() {
    let clients = Authority::new();
    let rig = Rig::with_clients_of(Some(&clients), |authority| authority.issue(&["localhost"]));
    assert_refused(&open(&rig.config("localhost")), &["no TLS session with ", "(zookeeper.tls.cert)"]).await;
    rig.write_identity(&clients.issue(&["client"]));
    assert_reads(&rig.known_client()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_client_certificate_is_taken_without_a_restart() {
    let clients = Authority::new();
    let rig = Rig::with_clients_of(Some(&clients), |authority| authority.issue(&["localhost"]));
    rig.write_identity(&clients.issue_expired(&["client"]));
    let client = rig.known_client();
    assert_refused(&client, &["no TLS session with ", "(zookeeper.tls.cert)"]).await;
    rig.write_identity(&clients.issue(&["client"]));
    until_state(&client, SessionState::Connected).await;
    assert_reads(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unusable_files_are_named_without_their_content() {
    let clients = Authority::new();
    let rig = Rig::with_clients_of(Some(&clients), |authority| authority.issue(&["localhost"]));
    let client = rig.known_client();
    assert_refused(&client, &["zookeeper.tls.cert: cannot use '", "cert.pem'"]).await;
    let identity = clients.issue(&["client"]);
    // The line breaks are lost: a parser's message would quote the line, which is the key.
    rig.write_identity(&Certificate { key: identity.key.replace('\n', ""), ..identity.clone() });
    let damaged = refusal(&rig.known_client()).await;
    assert!(damaged.contains("zookeeper.tls.key: cannot use '"), "{damaged}");
    let secret = identity.key.lines().nth(1).expect("a key has lines");
    assert!(identity.key.contains(secret) && !damaged.contains(&secret[..16]), "{damaged}");
    // Another one's key.
    rig.write_identity(&Certificate { key: clients.issue(&["other"]).key, ..identity.clone() });
    assert_refused(&rig.known_client(), &["is not the key of the certificate in zookeeper.tls.cert"]).await;
    rig.write_identity(&identity);
    until_state(&client, SessionState::Connected).await;
    assert_reads(&client).await;
    let shown = format!("{client:#?}");
    assert!(!shown.contains(&secret[..16]) && !shown.contains("PRIVATE"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_to_a_plain_port_is_refused_with_the_reason() {
    let rig = Rig::new(|authority| authority.issue(&["localhost"]));
    let hosts = vec![Host { name: "localhost".to_owned(), port: rig.server.address().port() }];
    let client = open(&{
        let mut zookeeper = rig.config("localhost");
        zookeeper.hosts = hosts;
        zookeeper
    });
    assert_refused(&client, &["no TLS session with ", "TLS at this port"]).await;
}
