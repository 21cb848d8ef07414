//! TLS files that hang when they are read.

use std::fs;
use std::thread;
use std::time::Instant;

use ld_testkit::{Admin, Authority, Faults, Proxy, ProxyMode, SecurePort, Server, ServerOptions, wait_until};

use crate::bounds::{LOADED_MACHINE, OUTAGE, PATIENCE, SESSION};
use crate::harness::tests;
use crate::rig::bare_host;
use crate::serving::{lines_with, with_node};

tests! {
    hung_certificates_block_no_new_session: 45,
}

fn hung_certificates_block_no_new_session() {
    let (authority, faults) = (Authority::new(), Faults::new());
    let secure = SecurePort { certificate: authority.issue(&["localhost"]), clients: Some(authority.pem()) };
    let server = Server::start_with(ServerOptions { secure: Some(secure), ..ServerOptions::default() });
    let proxy = Proxy::start(server.secure_address());
    let admin = Admin::new(server.address());
    admin.create("/file", "first").expect("the server is new");
    let host = bare_host(format!("localhost:{}", proxy.address().port()));
    let dest = host.file("file");
    let certificate = authority.issue(&["host"]);
    let files = [("ca", authority.pem()), ("cert", certificate.cert), ("key", certificate.key)];
    let host = files.iter().fold(with_node(host, "file", &dest), |host, (name, text)| {
        let path = host.path(name);
        fs::write(&path, text).expect("a private directory is writable");
        host.setting(&format!("zookeeper.tls.{name}"), path.to_str().expect("an ASCII name"))
    });
    let watcher = host.watcher().faults(&faults).start();
    watcher.wait_until("the first file", PATIENCE, |_| host.read("file").as_deref() == Some(b"first"));

    faults.hang_files(&["ca", "cert", "key"].map(|name| host.path(name)));
    // The next session needs the files, and gets those that were read before.
    proxy.set_mode(ProxyMode::Refuse);
    thread::sleep(2 * SESSION);
    admin.set("/file", "second").expect("the server is there");
    proxy.set_mode(ProxyMode::Pass);
    let start = Instant::now();
    wait_until("the files to hang", PATIENCE, || faults.hung() > 0);
    let second = |_: &_| host.read("file").as_deref() == Some(b"second");
    watcher.wait_until("the file of the next session", OUTAGE + LOADED_MACHINE, second);
    println!("  a session beside certificates that hang: {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(faults.hung(), 1, "one read, and no second one beside it");
    assert!(lines_with(&watcher, &["has hung since"]) > 0, "{}", watcher.stderr());
    faults.release_files();
}
