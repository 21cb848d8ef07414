//! A server that shows the writer too large a node.

use ld_testkit::hostile::{HostileServer, Rule};
use ld_testkit::{Host, SOON, TestOutput, operation};

/// Offset of a node's length in a stat.
const LENGTH: usize = 52;

/// A server with a node of 2,000 bytes, and a host with a writer that reads 1,000 at most.
fn host() -> (HostileServer, Host) {
    let server = HostileServer::start();
    server.set("/flags", vec![b'x'; 2000]);
    let host = Host::new(server.connect_string()).setting("zookeeper.max_read_bytes", "1000");
    (server, host.setting("zookeeper.max_node_bytes", "1000"))
}

#[test]
fn the_writer_reads_no_node_beyond_its_limit() {
    let (server, host) = host();
    let TestOutput { code, stderr, .. } = host.writer("new", "/flags").run(SOON);
    assert_eq!(code, Some(1), "{stderr}");
    let reason = "/flags has 2000 bytes now, and zookeeper.max_read_bytes is 1000: it was not read";
    assert!(stderr.contains(reason), "{stderr}");
    assert_eq!(server.requests_of(operation::GET_DATA), 0);
    assert_eq!(server.requests_of(operation::SET_DATA), 0);
}

#[test]
fn a_node_that_is_larger_than_announced_is_not_replaced() {
    let (server, host) = host();
    server.add(Rule::on(operation::EXISTS, |_, reply| reply.set_int(LENGTH, 10)).path("/flags"));
    let TestOutput { code, stderr, .. } = host.writer("new", "/flags").run(SOON);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("/flags has 2000 bytes now"), "{stderr}");
    assert_eq!(server.requests_of(operation::SET_DATA), 0);
}
