//! Each mode of the proxy, and what the proxy counts.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Namespace, Proxy, ProxyMode, Session, wait_until};

const LIMIT: Duration = Duration::from_secs(10);
/// How long a socket is watched to see that nothing arrives.
const SILENCE: Duration = Duration::from_millis(200);

/// A server that echoes; it runs until the process ends.
fn echo() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let accepting = listener.try_clone().unwrap();
    thread::spawn(move || {
        for stream in accepting.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    listener
}

fn start() -> (Proxy, TcpListener) {
    let server = echo();
    (Proxy::start(server.local_addr().unwrap()), server)
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn exchange(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    expect(stream, bytes);
}

fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, bytes);
}

fn expect_silence(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_read_timeout(Some(LIMIT)).unwrap();
}

fn expect_reset(stream: &mut TcpStream) {
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn pass_carries_many_bytes_both_ways_and_the_end() {
    let (proxy, _server) = start();
    let mut stream = connect(&proxy);
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|i| (i / 7) as u8).collect();
    let (mut writing, sent) = (stream.try_clone().unwrap(), bytes.clone());
    let writer = thread::spawn(move || {
        writing.write_all(&sent).unwrap();
        writing.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    writer.join().unwrap();
    assert!(answer == bytes);
    wait_until("the ended connection to go", LIMIT, || proxy.open_connections() == 0);
    assert_eq!(proxy.counts().bytes_from_clients, 20_000_000);
}

#[test]
fn refuse_resets_and_refuses_connections_until_it_heals() {
    let (proxy, _server) = start();
    let mut stream = connect(&proxy);
    exchange(&mut stream, b"before");
    proxy.set_mode(ProxyMode::Refuse);
    expect_reset(&mut stream);
    let refused = TcpStream::connect(proxy.address()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.set_mode(ProxyMode::Pass);
    exchange(&mut connect(&proxy), b"healed");
}

#[test]
fn reset_accepts_and_resets_connections() {
    let (proxy, _server) = start();
    proxy.set_mode(ProxyMode::Reset);
    expect_reset(&mut connect(&proxy));
    proxy.set_mode(ProxyMode::Pass);
    exchange(&mut connect(&proxy), b"healed");
    assert_eq!(proxy.counts().connections, 2);
    let times = proxy.accepted_at();
    assert!(times.len() == 2 && times[0] < times[1]);
}

#[test]
fn many_connections_are_reset_and_made_again() {
    let (proxy, _server) = start();
    let mut streams: Vec<_> = (0..300).map(|_| connect(&proxy)).collect();
    for stream in &mut streams {
        exchange(stream, b"before");
    }
    assert_eq!(proxy.open_connections(), 300);
    proxy.reset_connections();
    assert_eq!(proxy.open_connections(), 0);
    streams.iter_mut().for_each(expect_reset);
    exchange(&mut connect(&proxy), b"after");
}

#[test]
fn blackhole_is_silent_and_delivers_after_it_heals() {
    let (proxy, _server) = start();
    let mut old = connect(&proxy);
    exchange(&mut old, b"before");
    proxy.set_mode(ProxyMode::Blackhole);
    let mut new = connect(&proxy);
    for stream in [&mut old, &mut new] {
        stream.write_all(b"held").unwrap();
        expect_silence(stream);
    }
    proxy.set_mode(ProxyMode::Pass);
    expect(&mut old, b"held");
    expect(&mut new, b"held");
}

#[test]
fn a_half_open_connection_passes_one_direction() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::start(server.local_addr().unwrap());
    let mut client = connect(&proxy);
    let (mut inside, _) = server.accept().unwrap();
    inside.set_read_timeout(Some(LIMIT)).unwrap();
    proxy.set_mode(ProxyMode::OnlyToServer);
    client.write_all(b"in").unwrap();
    inside.write_all(b"out").unwrap();
    expect(&mut inside, b"in");
    expect_silence(&mut client);
    proxy.set_mode(ProxyMode::OnlyToClient);
    client.write_all(b"in").unwrap();
    expect(&mut client, b"out");
    expect_silence(&mut inside);
    proxy.set_mode(ProxyMode::Pass);
    expect(&mut inside, b"in");
}

#[test]
fn a_delay_is_latency_and_not_a_lower_rate() {
    let (proxy, _server) = start();
    let delay = Duration::from_millis(300);
    proxy.set_mode(ProxyMode::Delay { to_server: delay, to_client: delay });
    let (mut stream, start) = (connect(&proxy), Instant::now());
    // One by one: if each byte waited for the byte before it, 20 bytes would take 12 s.
    for _ in 0..20 {
        stream.write_all(b"x").unwrap();
        thread::sleep(Duration::from_millis(5));
    }
    expect(&mut stream, &[b'x'; 20]);
    assert!(start.elapsed() >= 2 * delay, "{:?}", start.elapsed());
    assert!(start.elapsed() < 10 * delay, "{:?}", start.elapsed());
}

#[test]
fn a_new_target_serves_new_connections() {
    let (proxy, _server) = start();
    let mut old = connect(&proxy);
    exchange(&mut old, b"to the old target");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    proxy.set_target(gone);
    expect_reset(&mut connect(&proxy));
    let second = echo();
    proxy.set_target(second.local_addr().unwrap());
    exchange(&mut connect(&proxy), b"to the new target");
    exchange(&mut old, b"to the old target");
}

#[test]
fn requests_and_sessions_are_counted() {
    let test = Namespace::new();
    let proxy = Proxy::start(test.server().address());
    let admin = Admin::new(proxy.address());
    admin.create(&test.path("/a"), b"1").unwrap();
    for _ in 0..10 {
        admin.get(&test.path("/a")).unwrap();
    }
    assert_eq!((proxy.requests_of(1), proxy.requests_of(4), proxy.counts().requests), (1, 10, 11));
    assert_eq!((proxy.counts().pings, proxy.sessions().len(), proxy.counts().connections), (0, 1, 1));
}

#[test]
fn a_session_can_be_closed_from_outside_once() {
    let test = Namespace::new();
    let proxy = Proxy::start(test.server().address());
    let admin = Admin::new(proxy.address());
    admin.sync().unwrap();
    let session: Session = proxy.last_session();
    session.close(test.server().address()).unwrap();
    let again = session.close(test.server().address()).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::NotConnected);
    // The admin opens a new session when it notices.
    wait_until("the admin's new session", LIMIT, || admin.sync().is_ok());
    assert_ne!(proxy.last_session(), session);
}
