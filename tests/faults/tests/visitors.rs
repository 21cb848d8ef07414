//! Visitors of the status that come in a flood, and slow ones that keep their connection.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ld_testkit::{Daemon, Namespace, http_get, wait_for};

use crate::bounds::{AT_ONCE, LOADED_MACHINE, OUTAGE, PATIENCE};
use crate::harness::tests;
use crate::rig::bare_host;
use crate::serving::{Nodes, with_node};

tests! {
    a_flood_of_a_thousand_visitors_delays_no_change: 25,
    slow_visitors_delay_no_change_and_no_other_visitor: 25,
}

/// Nodes that a visitor sees.
const NODES: usize = 20;
/// How long the visitors stay.
const VISIT: Duration = Duration::from_secs(10);
/// Visitors with a connection at the same time: a flood, and more than are served at one time.
const FLOOD: usize = 1_000;
const MANY: usize = 100;
/// Visitors that share a thread.
const SHARE: usize = 20;
/// The pause of a visitor between two pieces of a request.
const PIECE: Duration = Duration::from_millis(100);
/// How long a visitor waits for a place in the server's queue.
const QUEUE: Duration = Duration::from_millis(100);

/// What one visitor sends at first, and then again and again.
#[derive(Clone, Copy)]
struct Manner {
    first: &'static str,
    next: &'static str,
}

/// Asks for the most expensive answer and does not read it.
const GREEDY: Manner = Manner { first: "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", next: "x" };
/// Never completes its request.
const SLOW: Manner = Manner { first: "GET / HTTP/1.1\r\nHost:", next: "x" };

/// Visitors of these manners while `work` runs. Returns how many came; the system turns those away
/// that find no room in the server's queue.
fn visited(address: SocketAddr, count: usize, manners: &[Manner], work: impl FnOnce()) -> usize {
    let (stop, came) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..count / SHARE {
            scope.spawn(|| visit(address, manners, &stop, &came));
        }
        let done = Done(&stop);
        work();
        drop(done);
    });
    came.into_inner()
}

/// Ends the visits, also when a test fails.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Holds connections, and opens another one for each that the server closes.
fn visit(address: SocketAddr, manners: &[Manner], stop: &AtomicBool, came: &AtomicUsize) {
    let mut connections: Vec<Option<TcpStream>> = (0..SHARE).map(|_| None).collect();
    while !stop.load(Ordering::Relaxed) {
        for (connection, manner) in connections.iter_mut().zip(manners.iter().cycle()) {
            let is_open =
                connection.as_mut().is_some_and(|open| open.write_all(manner.next.as_bytes()).is_ok());
            if is_open || stop.load(Ordering::Relaxed) {
                continue;
            }
            came.fetch_add(1, Ordering::Relaxed);
            *connection = TcpStream::connect_timeout(&address, QUEUE).ok();
            if let Some(open) = connection {
                // One that was refused at once is opened again in the next round.
                let _ = open.write_all(manner.first.as_bytes());
            }
        }
        thread::sleep(PIECE);
    }
}

fn address(watcher: &Daemon) -> SocketAddr {
    wait_for("the address of the status", PATIENCE, || {
        let log = watcher.stderr();
        let line = log.lines().find_map(|line| line.strip_prefix("the status is served at "))?;
        line.parse().ok()
    })
}

fn is_healthy(address: SocketAddr) -> bool {
    let answer = TcpStream::connect_timeout(&address, AT_ONCE).and_then(|stream| {
        stream.set_read_timeout(Some(PATIENCE))?;
        http_get(stream, "/healthz")
    });
    answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}

/// Runs `test` with a watcher that serves its status.
fn serving(test: impl FnOnce(&Daemon, &Nodes<'_>, SocketAddr)) {
    let namespace = Namespace::new();
    let names: Vec<_> = (0..NODES).map(|index| format!("n{index}")).collect();
    let host = bare_host(namespace.connect_string()).setting("status.listen", "127.0.0.1:0");
    let host = names.iter().fold(host, |host, name| {
        let dest = host.file(name);
        with_node(host, name, &dest)
    });
    let files = names.iter().map(|name| (name.clone(), host.file(name))).collect();
    let nodes = Nodes::create(&namespace, files);
    let watcher = host.watcher().start();
    nodes.converge(&watcher, "at start", PATIENCE);
    let address = address(&watcher);
    test(&watcher, &nodes, address);
    wait_for("health after the visits", OUTAGE + LOADED_MACHINE, || is_healthy(address).then_some(()));
    watcher.terminate();
    assert_eq!(watcher.wait(PATIENCE).code(), Some(0), "{}", watcher.stderr());
}

fn a_flood_of_a_thousand_visitors_delays_no_change() {
    serving(|watcher, nodes, address| {
        let came = visited(address, FLOOD, &[GREEDY, SLOW], || {
            nodes.follow_for(watcher, VISIT, "beside a thousand visitors");
        });
        assert!(came >= FLOOD, "{came} visitors");
    });
}

fn slow_visitors_delay_no_change_and_no_other_visitor() {
    serving(|watcher, nodes, address| {
        visited(address, MANY, &[SLOW], || {
            nodes.follow_for(watcher, VISIT, "beside slow visitors");
            // They lose their connections after 3 s, and others wait for a place until then.
            wait_for("an answer beside slow visitors", PATIENCE, || is_healthy(address).then_some(()));
        });
    });
}
