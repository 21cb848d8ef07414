//! The hostile server against the kit's own client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::*;
use crate::operation;
use crate::zookeeper::record::Record;
use crate::{Admin, wait_until};

const SOON: Duration = Duration::from_secs(10);

/// A handshake of a new client.
fn hello(session: i64, last_zxid: i64) -> Vec<u8> {
    let body = Record::default().int(0).long(last_zxid).int(4000).long(session).buffer(&[0; 16]);
    body.boolean(false).into_frame()
}

/// The server's answer to a handshake: 41 bytes, or fewer if the connection ends.
fn handshake(server: &HostileServer, session: i64, last_zxid: i64) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&hello(session, last_zxid)).unwrap();
    let mut answer = Vec::new();
    stream.take(41).read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn a_server_without_a_script_is_honest() {
    let server = HostileServer::start();
    server.set("/a", b"one");
    let admin = Admin::new(server.address());
    assert_eq!(admin.get("/a").unwrap().0, b"one");
    admin.set("/a", b"two").unwrap();
    admin.create("/a/b", b"").unwrap();
    assert_eq!(server.data("/a").unwrap(), b"two");
    assert_eq!(admin.exists("/a").unwrap().unwrap().num_children, 1);
    admin.delete("/a/b").unwrap();
    assert!(admin.exists("/a/b").unwrap().is_none());
    assert_eq!(server.attacks(), 0);
    assert_eq!(server.requests_of(operation::GET_DATA), 1);
}

#[test]
fn a_rule_changes_the_replies_that_it_matches() {
    let server = HostileServer::start();
    server.set("/a", b"one");
    server.add(Rule::on(operation::GET_DATA, |_, reply| reply.error = -102).times(1));
    let admin = Admin::new(server.address());
    assert!(admin.get("/a").is_err());
    assert_eq!((admin.get("/a").unwrap().0, server.attacks()), (b"one".to_vec(), 1));
}

#[test]
fn sessions_are_resumed_until_they_are_forgotten() {
    let server = HostileServer::start();
    let opened = handshake(&server, 0, 0);
    let session = i64::from_be_bytes(opened[12..20].try_into().unwrap());
    assert_eq!(handshake(&server, session, 0)[12..20], session.to_be_bytes());
    server.expire_sessions();
    assert_eq!(handshake(&server, session, 0)[12..20], [0; 8]);
}

#[test]
fn a_client_that_has_seen_a_later_zxid_is_refused() {
    let server = HostileServer::start();
    assert_eq!(handshake(&server, 0, i64::MAX), []);
    assert_eq!(handshake(&server, 0, 0).len(), 41);
}

#[test]
fn replies_are_dripped_and_flooded() {
    let server = HostileServer::start();
    server.add(Rule::on(CONNECT, |_, reply| reply.delivery = Delivery::Dripped(Duration::from_millis(2))));
    let start = Instant::now();
    assert_eq!(handshake(&server, 0, 0).len(), 41);
    assert!(start.elapsed() >= Duration::from_millis(80));
    server.be_honest();
    server.add(Rule::on(CONNECT, flood(i32::MAX, 1 << 20)));
    server.add(Rule::on(CONNECT, |_, reply| reply.then = Then::Close));
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&hello(0, 0)).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 4 + (1 << 20));
}

#[test]
fn a_half_closed_connection_still_reads() {
    let server = HostileServer::start();
    server.add(Rule::on(CONNECT, |_, reply| reply.then = Then::HalfClose));
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&hello(0, 0)).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let ping = Record::default().int(-2).int(operation::PING);
    stream.write_all(&ping.into_frame()).unwrap();
    wait_until("the ping", SOON, || server.requests_of(operation::PING) == 1);
}

#[test]
fn isro_is_answered() {
    let server = HostileServer::start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"isro").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "rw");
}

#[test]
fn events_reach_connections_without_a_watch() {
    let server = HostileServer::start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&hello(0, 0)).unwrap();
    let mut opened = [0; 41];
    stream.read_exact(&mut opened).unwrap();
    server.send_events(3, "/x", 2);
    let mut events = vec![0; 2 * (4 + 16 + 8 + 6)];
    stream.read_exact(&mut events).unwrap();
    assert_eq!(events[4..8], [0xff; 4]);
    server.drop_connections();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}
