//! Credentials: kept through reconnects, read again when they cannot be right, never shown.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use ld_config::SecretsConfig;
use ld_testkit::{Acl, Admin, Namespace, Proxy, ProxyMode, Session, TempDir};
use ld_zk::{Client, NodeState, Options, Reading, Unreadable};

use crate::kit::{LIMIT, config, next, text, until, until_content};

const SECRET: &str = "secret/zookeeper";
/// How long a change without an event may stay unknown: 9.6 s, and slack for a busy machine.
const UNTOLD: Duration = Duration::from_secs(20);

fn store(directory: &TempDir, value: &str) -> SecretsConfig {
    let path = directory.join("secrets.json");
    write_secret(&path, value);
    {
        let mut secrets = SecretsConfig::default();
        secrets.path = path;
        secrets
    }
}

fn write_secret(path: &Path, value: &str) {
    let text = format!(r#"{{"secrets": {{"{SECRET}": {{"type": "simple", "value": "{value}"}}}}}}"#);
    let temporary = path.with_extension("new");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, path).unwrap();
}

fn connect(proxy: &Proxy, secrets: &SecretsConfig) -> Client {
    let config = {
        let mut zookeeper = config(proxy.address());
        zookeeper.credentials = vec![SECRET.to_owned()];
        zookeeper
    };
    Client::new(&config, secrets, Options::default()).unwrap()
}

/// A node that only `reader:right` may read.
fn private_node(namespace: &Namespace) -> (Admin, String) {
    let owner = Admin::new(namespace.server().address()).with_digest("reader:right");
    let path = namespace.path("/private");
    owner.create_with_acl(&path, "one", &[Acl::creator(Acl::ALL)]).unwrap();
    (owner, path)
}

fn is_no_auth(reading: &Reading) -> bool {
    matches!(reading.state, NodeState::Unreadable(Unreadable::NoAuth))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_survive_a_reconnect_and_a_new_session() {
    let (namespace, directory) = (Namespace::new(), TempDir::new());
    let proxy = Proxy::start(namespace.server().address());
    let (owner, path) = private_node(&namespace);
    let mut watch = connect(&proxy, &store(&directory, "reader:right")).watch(&path).unwrap();
    let first = next(&mut watch).await;
    assert_eq!(text(&first), "one");
    proxy.set_mode(ProxyMode::Refuse);
    owner.set(&path, "two").unwrap();
    proxy.set_mode(ProxyMode::Pass);
    let second = next(&mut watch).await;
    assert_eq!((text(&second), second.session), ("two".to_owned(), first.session));
    Session::expire(&proxy, namespace.server().address(), || {});
    let third = until("a new session", &mut watch, |reading| reading.session != first.session).await;
    assert_eq!(text(&third), "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_password_is_taken_without_a_restart() {
    let (namespace, directory) = (Namespace::new(), TempDir::new());
    let proxy = Proxy::start(namespace.server().address());
    let (_owner, path) = private_node(&namespace);
    let secrets = store(&directory, "reader:wrong");
    let mut watch = connect(&proxy, &secrets).watch(&path).unwrap();
    assert!(is_no_auth(&next(&mut watch).await));
    write_secret(&secrets.path, "reader:right");
    until_content(&mut watch, "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_secrets_file_is_used_when_it_appears() {
    let (namespace, directory) = (Namespace::new(), TempDir::new());
    let proxy = Proxy::start(namespace.server().address());
    let (_owner, path) = private_node(&namespace);
    namespace.admin().create(&namespace.path("/public"), "open").unwrap();
    let secrets = {
        let mut settings = SecretsConfig::default();
        settings.path = directory.join("secrets.json");
        settings
    };
    let client = connect(&proxy, &secrets);
    let (mut private, mut public) =
        (client.watch(&path).unwrap(), client.watch(&namespace.path("/public")).unwrap());
    assert_eq!(text(&next(&mut public).await), "open");
    assert!(is_no_auth(&next(&mut private).await));
    write_secret(&secrets.path, "reader:right");
    until_content(&mut private, "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_breaks_later_does_not_cost_the_credentials() {
    let (namespace, directory) = (Namespace::new(), TempDir::new());
    let proxy = Proxy::start(namespace.server().address());
    let (_owner, path) = private_node(&namespace);
    let secrets = store(&directory, "reader:right");
    let mut watch = connect(&proxy, &secrets).watch(&path).unwrap();
    let first = next(&mut watch).await;
    fs::remove_file(&secrets.path).unwrap();
    Session::expire(&proxy, namespace.server().address(), || {});
    let second = until("a new session", &mut watch, |reading| reading.session != first.session).await;
    assert_eq!(text(&second), "one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_right_taken_away_and_given_back_heals() {
    let namespace = Namespace::new();
    let (path, admin) = (namespace.path("/node"), namespace.admin());
    admin.create(&path, "one").unwrap();
    let mut watch = crate::kit::client(namespace.server().address()).watch(&path).unwrap();
    assert_eq!(text(&next(&mut watch).await), "one");
    admin.set_acl(&path, &[Acl::anyone(Acl::ALL - Acl::READ)]).unwrap();
    admin.set(&path, "two").unwrap();
    // The server has dropped the event, so that only an audit can tell; the file counts as current
    // until then.
    let dropped = Instant::now();
    until("no right to read", &mut watch, is_no_auth).await;
    assert!(dropped.elapsed() < UNTOLD, "{:?}", dropped.elapsed());
    admin.set_acl(&path, &[Acl::anyone(Acl::ALL)]).unwrap();
    until_content(&mut watch, "two").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_session_knows_of_a_dropped_event() {
    // So many that the audit of a few at a time takes minutes to come round to the last.
    const OTHERS: usize = 200;
    let namespace = Namespace::new();
    let (path, admin) = (namespace.path("/node"), namespace.admin());
    admin.create(&path, "one").unwrap();
    let client = crate::kit::client(namespace.server().address());
    let mut others: Vec<_> =
        (0..OTHERS).map(|index| client.watch(&namespace.path(&format!("/other{index}"))).unwrap()).collect();
    for other in &mut others {
        next(other).await;
    }
    let mut watch = client.watch(&path).unwrap();
    let reading = next(&mut watch).await;
    assert_eq!(text(&reading), "one");
    admin.set_acl(&path, &[Acl::anyone(Acl::ALL - Acl::READ)]).unwrap();
    admin.set(&path, "two").unwrap();
    assert!(client.confirm(LIMIT).await.covers(reading.session));
    let knows = tokio::time::timeout(Duration::ZERO, watch.changed()).await;
    assert!(knows.is_ok(), "the session is confirmed, and the change is unknown");
    assert!(is_no_auth(&next(&mut watch).await));
    for other in &mut others {
        assert!(tokio::time::timeout(Duration::ZERO, other.changed()).await.is_err(), "{other:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_created_unreadable_is_found_when_readable() {
    let namespace = Namespace::new();
    let (path, admin) = (namespace.path("/node"), namespace.admin());
    let mut watch = crate::kit::client(namespace.server().address()).watch(&path).unwrap();
    assert_eq!(text(&next(&mut watch).await), "<absent>");
    admin.create_with_acl(&path, "one", &[Acl::anyone(Acl::ALL - Acl::READ)]).unwrap();
    admin.set_acl(&path, &[Acl::anyone(Acl::ALL)]).unwrap();
    until_content(&mut watch, "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_debug_output_shows_a_password_or_content() {
    let (namespace, directory) = (Namespace::new(), TempDir::new());
    let proxy = Proxy::start(namespace.server().address());
    let owner = Admin::new(namespace.server().address()).with_digest("reader:hunter2hunter2");
    let path = namespace.path("/private");
    owner.create_with_acl(&path, "swordfish", &[Acl::creator(Acl::ALL)]).unwrap();
    let client = connect(&proxy, &store(&directory, "reader:hunter2hunter2"));
    let mut watch = client.watch(&path).unwrap();
    let reading = next(&mut watch).await;
    assert_eq!(text(&reading), "swordfish");
    let plain = client.session().await.unwrap();
    let shown = format!("{client:#?} {watch:#?} {reading:#?} {plain:#?} {:#?}", client.state());
    for secret in ["hunter2", "swordfish"] {
        assert!(!shown.contains(secret), "{shown}");
        let bytes: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
        let flat: String = shown.split_whitespace().collect();
        assert!(!flat.contains(&bytes.join(",")), "{shown}");
    }
}
