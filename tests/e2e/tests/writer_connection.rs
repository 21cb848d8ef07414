//! How the writer connects to ZooKeeper, and how long it tries.

use std::time::{Duration, Instant};

use ld_testkit::{Host, Namespace, Proxy, SOON, Server, ServerOptions, Unroutable};

#[test]
fn the_wait_for_a_connection_ends_and_names_the_hosts() {
    // A reserved port without a listener, and an address where connects hang.
    let server = Server::prepare(ServerOptions::default());
    let unroutable = Unroutable::start();
    let hosts = [server.connect_string(), unroutable.connect_string()];
    for (hosts, named) in [
        (hosts.join(","), &hosts[..]),
        (hosts[0].clone(), &hosts[..1]),
        (hosts[1].clone() + "/chroot", &hosts[1..]),
        ("no-such-host.invalid:2181".to_owned(), &["no-such-host.invalid:2181".to_owned()]),
    ] {
        let host = Host::new(&hosts);
        let start = Instant::now();
        let writer = host.writer("new", "/flags").args(["--timeout", "2"]).run(SOON);
        assert_eq!((writer.code, writer.stdout.as_str()), (Some(1), ""), "{}", writer.stderr);
        assert!(start.elapsed() >= Duration::from_secs(2), "{hosts}: {:?}", start.elapsed());
        let last = writer.stderr.lines().last().unwrap();
        assert!(last.starts_with("no ZooKeeper session with "), "{}", writer.stderr);
        assert!(last.contains(" within 2 s"), "{last}");
        assert!(named.iter().all(|name| last.contains(name.as_str())), "{last}");
    }
}

#[test]
fn a_dead_host_does_not_block_the_other_hosts() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
    let dead = Server::prepare(ServerOptions::default());
    let host = Host::new(format!("{}, {}", dead.connect_string(), zookeeper.connect_string()));
    // Hosts are tried in random order.
    for content in ["1", "2", "3", "4"] {
        let writer = host.writer(content, "/flags").run(SOON);
        assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    }
}

#[test]
fn hosts_are_tried_in_random_order() {
    let zookeeper = Namespace::new();
    let proxies = [(); 2].map(|()| Proxy::start(zookeeper.server().address()));
    let hosts = proxies.each_ref().map(Proxy::connect_string).join(",");
    let host = Host::new(hosts + zookeeper.chroot()).node("flags", "/flags");
    // Each run picks at random: the same host 40 times has a chance of 1 in 10^12.
    let both_used = || proxies.iter().all(|proxy| !proxy.sessions().is_empty());
    let runs = (0..40).take_while(|_| host.once().run(SOON).code == Some(0) && !both_used()).count();
    assert!(both_used(), "one host was never used in {runs} runs");
}

#[test]
fn the_secrets_file_is_not_needed_without_credentials() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "old").unwrap();
    let host = Host::new(zookeeper.connect_string())
        .node("flags", "/flags")
        .setting("secrets.path", "/no/such/secrets.json");
    let writer = host.writer("new", "/flags").run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert!(!(writer.stderr + &once.stderr).contains("secrets"));
}
