//! Content is any bytes, up to a size limit.

use std::fs;

use ld_testkit::{Host, Namespace, SOON, Server, ServerOptions};

/// Most bytes of a node by default.
const LIMIT: usize = 1_000_000;

/// Bytes that are not text and hardly repeat.
fn bytes(count: usize) -> Vec<u8> {
    (0_u32..).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).take(count).collect()
}

#[test]
fn empty_and_null_nodes_are_empty_files() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/empty"), "").unwrap();
    zookeeper.admin().create_null(&zookeeper.path("/null")).unwrap();
    let host = Host::new(zookeeper.connect_string()).node("empty", "/empty").node("null", "/null");
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert_eq!((host.read("empty").unwrap(), host.read("null").unwrap()), (vec![], vec![]));
}

#[test]
fn a_file_becomes_empty_with_its_node() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/flags"), "full").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let _watcher = host.watcher().start();
    host.wait_for("flags", "full");
    zookeeper.admin().set(&zookeeper.path("/flags"), "").unwrap();
    host.wait_for("flags", "");
}

#[test]
fn any_bytes_are_written_unchanged() {
    let zookeeper = Namespace::new();
    let contents = [
        ("deep", "[".repeat(100_000).into_bytes()),
        ("number", "9".repeat(5_000).into_bytes()),
        ("crlf", b"a\r\nb\r\n".to_vec()),
        ("binary", bytes(10_000)),
        ("nul", vec![0; 4_096]),
    ];
    let mut host = Host::new(zookeeper.connect_string());
    for (name, content) in &contents {
        let path = format!("/{name}");
        zookeeper.admin().create(&zookeeper.path(&path), content).unwrap();
        host = host.node(name, &path);
    }
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    for (name, content) in &contents {
        assert!(host.read(name).unwrap() == *content, "{name}");
    }
}

#[test]
fn a_node_of_exactly_1_000_000_bytes_is_written_and_synced() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/big"), "small").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("big", "/big");
    let _watcher = host.watcher().start();
    host.wait_for("big", "small");
    let content = bytes(LIMIT);
    let writer = host.writer(&content, "/big").run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    host.wait_for("big", &content);
}

#[test]
fn a_node_of_1_000_001_bytes_is_refused_before_it_is_sent() {
    let zookeeper = Namespace::new();
    zookeeper.admin().create(&zookeeper.path("/big"), "small").unwrap();
    let host = Host::new(zookeeper.connect_string());
    for size in [LIMIT + 1, 2 * LIMIT] {
        let writer = host.writer(bytes(size), "/big").run(SOON);
        assert_eq!((writer.code, writer.stdout.as_str()), (Some(1), ""), "{}", writer.stderr);
        let sentence = "the content has more than 1000000 bytes, the most that a node may have; make it smaller, or raise \
             zookeeper.max_node_bytes if jute.maxbuffer is raised on every server and client of the ensemble\n";
        assert!(writer.stderr.ends_with(sentence), "{}", writer.stderr);
    }
    assert_eq!(zookeeper.admin().get(&zookeeper.path("/big")).unwrap().0, b"small");
}

#[test]
fn max_node_bytes_is_raised_with_the_servers_jute_maxbuffer() {
    let server = Server::start_with(ServerOptions { max_buffer: Some(4 << 20), ..ServerOptions::default() });
    server.admin().create("/big", "small").unwrap();
    let host = Host::new(server.connect_string()).node("big", "/big");
    let host = host.setting("zookeeper.max_node_bytes", "3000000");
    let _watcher = host.watcher().start();
    host.wait_for("big", "small");
    let content = bytes(3_000_000);
    let writer = host.writer(&content, "/big").run(SOON);
    assert_eq!(writer.code, Some(0), "{}", writer.stderr);
    host.wait_for("big", &content);
    let writer = host.writer(bytes(3_000_001), "/big").run(SOON);
    assert!(writer.stderr.contains("more than 3000000 bytes"), "{}", writer.stderr);
}

#[test]
fn a_pointer_without_a_bucket_is_an_error_and_the_file_stays() {
    let zookeeper = Namespace::new();
    let flags = zookeeper.path("/flags");
    zookeeper.admin().create(&flags, "last good").unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let watcher = host.watcher().arg("--debug").start();
    host.wait_for("flags", "last good");
    let deep = format!(
        r#"{{"deep": {}{}, "file_key": "planted-key", "live_data_watcher_load_type": "S3"}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    zookeeper.admin().set(&flags, deep).unwrap();
    watcher.wait_for_stderr(&format!("nodes.flags: {flags} -> "), SOON);
    watcher.wait_for_stderr(
        "the pointer to S3 is not valid: 'bucket_name' is missing; the last file stays",
        SOON,
    );
    assert_eq!(host.read("flags").unwrap(), b"last good");
    assert!(!watcher.stderr().contains("planted-key"), "{}", watcher.stderr());
    // With any other value of that key the node is ordinary content.
    let other = r#"{"live_data_watcher_load_type": "PASSTHROUGH", "a": 1}"#;
    zookeeper.admin().set(&flags, other).unwrap();
    host.wait_for("flags", other);
}

#[test]
fn once_with_a_pointer_that_is_not_valid_exits_1() {
    let zookeeper = Namespace::new();
    let pointer = r#"{"live_data_watcher_load_type": "S3", "file_key": "k"}"#;
    zookeeper.admin().create(&zookeeper.path("/flags"), pointer).unwrap();
    let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
    let once = host.once().run(SOON);
    assert_eq!(once.code, Some(1), "{}", once.stderr);
    assert!(fs::symlink_metadata(host.file("flags")).is_err());
}
