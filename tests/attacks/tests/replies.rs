//! A bad reply costs at most a session: the node is followed again when the server is honest.

use std::thread;
use std::time::Duration;

use ld_testkit::hostile::{CONNECT, Delivery, Reply, Request, Rule, Then, data_length};
use ld_testkit::{SOON, operation};

use crate::target::{OBSERVED, Target};

/// Most handshakes in [`OBSERVED`] with a server that misbehaves all the time.
const HANDSHAKES: u64 = 60;

/// How long a request without a reply may delay a node.
const NO_REPLY_LIMIT: Duration = Duration::from_secs(80);

type Edit = fn(&Request, &mut Reply);

fn expire(target: &mut Target) {
    target.server.expire_sessions();
}

/// Attacks that fit every reply, with their names.
const ATTACKS: &[(&str, Edit)] = &[
    ("an empty body", |_, reply| reply.body.clear()),
    ("a body of one byte", |_, reply| reply.body = vec![1]),
    ("a length of -1", |_, reply| reply.length = Some(-1)),
    ("the smallest length", |_, reply| reply.length = Some(i32::MIN)),
    ("a length of 0", |_, reply| reply.length = Some(0)),
    ("a length of 3", |_, reply| reply.length = Some(3)),
    ("a length that cuts the body off", |_, reply| reply.length = Some(17)),
    ("another xid", |_, reply| reply.xid = 0x7000_0000),
    ("the xid of a ping", |_, reply| reply.xid = -2),
    ("the xid of an event", |_, reply| reply.xid = -1),
    ("the xid of set watches", |_, reply| reply.xid = -8),
    ("an unknown error", |_, reply| reply.error = 12_345),
    ("expiry as the error", |_, reply| reply.error = -112),
    ("failed authentication as the error", |_, reply| reply.error = -115),
    ("the highest zxid", |_, reply| reply.zxid = i64::MAX),
    ("the smallest zxid", |_, reply| reply.zxid = i64::MIN),
    ("HTTP", |_, reply| reply.raw = Some(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())),
    ("bytes of 0xff", |_, reply| reply.raw = Some(vec![0xff; 1000])),
    ("zeros", |_, reply| reply.raw = Some(vec![0; 1000])),
    ("a reply twice", |_, reply| {
        let frame = [&[0, 0, 0, 16], &reply.xid.to_be_bytes()[..], &[0; 12]].concat();
        reply.before = frame;
    }),
    ("a drip", |_, reply| reply.delivery = Delivery::Dripped(Duration::from_millis(5))),
    ("half a connection", |_, reply| reply.then = Then::HalfClose),
    ("the end of the connection", |_, reply| reply.then = Then::Close),
];

/// Number of watchers that share the attacks of one test.
const WATCHERS: usize = 6;

/// Runs `work` on all attacks, several at once because it mostly waits.
fn for_each_attack(work: impl Fn(&str, Edit) + Sync) {
    for_each_group(|attacks| attacks.iter().for_each(|(name, edit)| work(name, *edit)));
}

fn for_each_group(work: impl Fn(&[(&str, Edit)]) + Sync) {
    thread::scope(|scope| {
        for attacks in ATTACKS.chunks(ATTACKS.len().div_ceil(WATCHERS)) {
            scope.spawn(|| work(attacks));
        }
    });
}

/// Attacks replies to `operation`, one after the other.
fn attack(operation: i32, provoke: fn(&mut Target)) {
    for_each_group(|attacks| {
        let mut target = Target::start();
        for (name, edit) in attacks {
            target.attack(name, Rule::on(operation, *edit).times(1), provoke);
            target.assert_followed(name);
        }
    });
}

#[test]
fn bad_replies_to_reads() {
    attack(operation::GET_DATA, Target::change);
}

#[test]
fn bad_replies_to_pings() {
    attack(operation::PING, |_| {});
}

#[test]
fn bad_handshakes() {
    attack(CONNECT, expire);
}

#[test]
fn bad_replies_to_sync() {
    attack(operation::SYNC, expire);
}

#[test]
fn bad_replies_to_set_watches() {
    attack(operation::SET_WATCHES, |target| target.server.drop_connections());
}

#[test]
fn bad_replies_to_the_ensemble_check() {
    let edit = |_: &Request, reply: &mut Reply| reply.body.truncate(3);
    let mut target = Target::start();
    for operation in [operation::GET_CHILDREN, operation::EXISTS] {
        target.server.add(Rule::on(operation, edit).times(1));
        target.server.expire_sessions();
        target.assert_followed("a short reply");
    }
}

#[test]
fn short_data_costs_a_session() {
    let mut target = Target::start();
    for length in [0, 4, 67, 68, 71] {
        let cut = move |_: &Request, reply: &mut Reply| reply.body.resize(length, 0);
        target.attack("short data", Rule::on(operation::GET_DATA, cut).times(1), Target::change);
        target.assert_followed(&format!("data of {length} bytes"));
    }
}

#[test]
fn a_wrong_length_of_data_changes_no_content() {
    let mut target = Target::start();
    for length in [i32::MIN, -1, 0, 3, 1000, i32::MAX] {
        let rule = Rule::on(operation::GET_DATA, data_length(length));
        target.attack("a length", rule, Target::change);
        target.host.wait_for("flags", target.content());
        target.assert_followed(&format!("a length of {length}"));
    }
}

/// Where a stat has the length of the node's data.
const DATA_LENGTH: usize = 52;

fn announce(length: i32) -> Rule {
    Rule::on(operation::EXISTS, move |_, reply| reply.set_int(DATA_LENGTH, length)).path("/flags")
}

#[test]
fn a_wrong_announced_length_costs_a_session() {
    let mut target = Target::start();
    for length in [i32::MIN, -1, 0, 3] {
        let before = target.server.requests_of(CONNECT);
        target.attack("an announced length", announce(length), Target::change);
        target.watcher.wait_until("a new session", SOON, |_| target.server.requests_of(CONNECT) > before);
        target.assert_followed(&format!("an announced length of {length}"));
    }
}

#[test]
fn a_length_announced_too_high_is_rejected() {
    let mut target = Target::start();
    target.attack("an announced length", announce(i32::MAX), Target::change);
    target.watcher.wait_for_stderr("it has 2,147,483,647 bytes, and zookeeper.max_read_bytes is", SOON);
    assert_eq!(target.host.read("flags").unwrap(), b"version 0");
    target.assert_followed("an announced length that was too high");
}

#[test]
fn bad_replies_to_checks() {
    attack(operation::EXISTS, Target::change);
}

/// The ZooKeeper crate takes a damaged reply to a check for a missing node.
#[test]
fn a_damaged_reply_to_a_check_removes_no_file() {
    let mut target = Target::start();
    let cut = |_: &Request, reply: &mut Reply| reply.body.truncate(67);
    let before = target.server.requests_of(operation::GET_DATA);
    target.attack("a damaged reply", Rule::on(operation::EXISTS, cut).path("/flags"), Target::change);
    target.watcher.wait_for_stderr("the node /flags changed each time while it was read", SOON);
    assert!(target.server.requests_of(operation::GET_DATA) > before);
    assert_eq!(target.host.read("flags").unwrap(), b"version 0");
    target.assert_followed("damaged replies");
}

/// A request without a reply has a limit, even if others get replies: 30 s for a sync, 60 s for a
/// read.
#[test]
fn a_reply_that_never_comes_is_given_up() {
    let drop_reply = |_: &Request, reply: &mut Reply| reply.delivery = Delivery::Never;
    thread::scope(|scope| {
        for operation in [operation::GET_DATA, operation::SYNC] {
            scope.spawn(move || {
                let mut target = Target::start();
                let provoke = if operation == operation::SYNC { expire } else { Target::change };
                target.attack("a missing reply", Rule::on(operation, drop_reply).times(1), provoke);
                target.assert_followed_within("a missing reply", NO_REPLY_LIMIT);
            });
        }
    });
}

/// Attacks all replies to `operation` for [`OBSERVED`], and counts handshakes.
fn storm(operation: i32, provoke: fn(&mut Target)) {
    for_each_attack(|name, edit| {
        let mut target = Target::start();
        let before = target.server.requests_of(CONNECT);
        target.attack(name, Rule::on(operation, edit), provoke);
        thread::sleep(OBSERVED);
        let handshakes = target.server.requests_of(CONNECT) - before;
        println!("operation {operation}, {name}: {handshakes} handshakes in {OBSERVED:?}");
        assert!(handshakes <= HANDSHAKES, "{name}: {handshakes} handshakes in {OBSERVED:?}");
        target.assert_followed(name);
    });
}

#[test]
fn bad_replies_to_all_reads_cause_no_storm() {
    storm(operation::GET_DATA, Target::change);
}

#[test]
fn bad_replies_to_all_pings_cause_no_storm() {
    storm(operation::PING, |_| {});
}

#[test]
fn bad_replies_to_each_sync_cause_no_storm() {
    storm(operation::SYNC, expire);
}

#[test]
fn bad_replies_to_all_set_watches_cause_no_storm() {
    storm(operation::SET_WATCHES, |target| target.server.drop_connections());
}

#[test]
fn bad_handshakes_cause_no_storm() {
    storm(CONNECT, expire);
}
