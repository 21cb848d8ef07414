//! A real server: starts, stops, settings and clients.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Duration;

use ld_testkit::{Acl, Admin, Error, Namespace, Proxy, Server, ServerMode, ServerOptions, Step, wait_until};

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn a_restarted_server_has_its_port_and_data() {
    let server = Server::start();
    let (admin, address) = (server.admin(), server.address());
    admin.create("/kept", b"data").unwrap();
    server.kill();
    assert!(!server.is_running());
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    server.restart();
    assert_eq!(server.address(), address);
    assert_eq!(server.mode(), Some(ServerMode::Standalone));
    assert_eq!(admin.get("/kept").unwrap().0, b"data");
}

#[test]
fn a_prepared_server_refuses_until_it_is_started() {
    let server = Server::prepare(ServerOptions::default());
    assert_eq!(TcpStream::connect(server.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    server.restart();
    TcpStream::connect(server.address()).unwrap();
}

#[test]
fn a_frozen_server_accepts_and_is_silent_until_thawed() {
    let server = Server::start();
    server.freeze();
    TcpStream::connect(server.address()).unwrap();
    assert_eq!(server.mode(), None);
    server.thaw();
    wait_until("the thawed server to serve", LIMIT, || server.mode().is_some());
}

#[test]
fn an_idle_admin_opens_a_new_session() {
    let server = Server::start();
    let proxy = Proxy::start(server.address());
    let admin = Admin::new(proxy.address());
    admin.create("/node", "data").unwrap();
    admin.get("/node").unwrap();
    assert_eq!(proxy.sessions().len(), 1);
    // This is half of the session timeout, so the server may end the session soon.
    std::thread::sleep(Duration::from_secs(5));
    admin.get("/node").unwrap();
    assert_eq!(proxy.sessions().len(), 2);
}

#[test]
fn options_reach_the_server() {
    let server = Server::start_with(ServerOptions {
        max_client_connections: 3,
        max_buffer: Some(3_000_000),
        tick: Duration::from_millis(250),
        ..ServerOptions::default()
    });
    let settings = server.ask("conf");
    assert!(settings.contains("tickTime=250"), "{settings}");
    assert!(settings.contains("maxClientCnxns=3"), "{settings}");
    let large = vec![b'x'; 2_000_000];
    server.admin().create("/large", &large).unwrap();
    assert!(matches!(Server::shared().admin().create("/large", &large), Err(Error::Connection { .. })));
}

#[test]
fn an_admin_creates_reads_changes_and_deletes_nodes() {
    let test = Namespace::new();
    let (admin, a) = (test.admin(), test.path("/a"));
    admin.create_all(&test.path("/a/b/c"), b"deep").unwrap();
    assert!(matches!(admin.create(&a, b""), Err(Error::NodeExists { .. })));
    assert!(matches!(admin.create(&test.path("/x/y"), b""), Err(Error::NoNode { .. })));
    assert!(matches!(admin.delete(&a), Err(Error::NotEmpty { .. })));
    let before = admin.exists(&a).unwrap().unwrap();
    let after = admin.set(&a, b"changed").unwrap();
    assert!(after.mzxid > before.mzxid && after.version == 1 && after.data_length == 7);
    assert_eq!(admin.get(&a).unwrap(), (b"changed".to_vec(), after));
    assert_eq!(admin.children(&a).unwrap(), ["b"]);
    admin.create_null(&test.path("/null")).unwrap();
    assert_eq!(admin.get(&test.path("/null")).unwrap().0, b"");
    admin.sync().unwrap();
    admin.delete_all(&a).unwrap();
    admin.delete_all(&a).unwrap();
    assert_eq!(admin.exists(&a).unwrap(), None);
}

#[test]
fn a_transaction_happens_at_one_moment_or_not_at_all() {
    let test = Namespace::new();
    let (admin, a, b) = (test.admin(), test.path("/a"), test.path("/b"));
    admin.create(&a, b"old").unwrap();
    admin.transaction(&[Step::delete(&a), Step::create(&a, "new"), Step::create(&b, "too")]).unwrap();
    let ((data, stat_a), (_, stat_b)) = (admin.get(&a).unwrap(), admin.get(&b).unwrap());
    assert_eq!((data.as_slice(), stat_a.czxid), (&b"new"[..], stat_b.czxid));
    let failed = admin.transaction(&[Step::set(&a, "never"), Step::create(&b, ""), Step::delete(&a)]);
    assert!(matches!(failed, Err(Error::NodeExists { path }) if path == b));
    assert_eq!(admin.get(&a).unwrap().0, b"new");
}

#[test]
fn an_acl_excludes_users_that_it_does_not_name() {
    let test = Namespace::new();
    let secret = test.path("/secret");
    let owner = Admin::new(test.server().address()).with_digest("owner:password");
    owner.create_with_acl(&secret, b"s", &[Acl::creator(Acl::ALL)]).unwrap();
    assert!(matches!(test.admin().get(&secret), Err(Error::NoAuth { .. })));
    let impostor = Admin::new(test.server().address()).with_digest("owner:guess");
    assert!(matches!(impostor.get(&secret), Err(Error::NoAuth { .. })));
    owner.set_acl(&secret, &[Acl::creator(Acl::ALL), Acl::anyone(Acl::READ)]).unwrap();
    assert_eq!(test.admin().get(&secret).unwrap().0, b"s");
}

#[test]
fn namespaces_do_not_see_each_other() {
    let (one, two) = (Namespace::new(), Namespace::new());
    one.admin().create(&one.path("/a"), b"1").unwrap();
    assert_eq!(two.admin().exists(&two.path("/a")).unwrap(), None);
    assert_eq!(one.connect_string(), format!("{}{}", one.server().connect_string(), one.chroot()));
}
