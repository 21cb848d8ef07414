//! The server: its port, its tree and its script.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::connection::{Shared, lock, serve};
use super::reply::{Flood, Reply};
use super::rule::Rule;
use super::watches::Change;

/// A ZooKeeper server on a loopback port that follows a script. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Shared,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts an honest server with an empty tree.
    ///
    /// # Panics
    ///
    /// When there is no free port or thread.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free loopback port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Shared::default();
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new().name("hostile-accept".into());
        let thread = thread.spawn(move || accept(&listener, &accepting)).expect("a thread can be started");
        Self { address, shared, accepting: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same for `zookeeper.hosts`.
    #[must_use]
    pub fn connect_string(&self) -> String {
        self.address.to_string()
    }

    /// Creates a node, or changes its data, and fires its watches.
    pub fn set(&self, path: &str, data: impl AsRef<[u8]>) {
        let mut state = lock(&self.shared);
        let created = state.tree.set(path, data.as_ref());
        state.fire(path, if created { Change::Created } else { Change::Changed });
    }

    /// Deletes a node, if it is there, and fires its watches. Its children stay.
    pub fn delete(&self, path: &str) {
        let mut state = lock(&self.shared);
        if state.tree.delete(path) {
            state.fire(path, Change::Deleted);
        }
    }

    /// The data of a node.
    #[must_use]
    pub fn data(&self, path: &str) -> Option<Vec<u8>> {
        lock(&self.shared).tree.get(path).map(|node| node.data.clone())
    }

    /// Sets the zxid of the last change: the next one has this zxid plus 1, which may go back.
    pub fn set_zxid(&self, zxid: i64) {
        lock(&self.shared).tree.set_zxid(zxid);
    }

    /// Adds a rule to the script. A reply is changed by all rules that are for it, in order.
    pub fn add(&self, rule: Rule) {
        lock(&self.shared).rules.push(rule);
    }

    /// Empties the script: the server is honest from now on.
    pub fn be_honest(&self) {
        lock(&self.shared).rules.clear();
    }

    /// How many replies the script has changed.
    #[must_use]
    pub fn attacks(&self) -> u64 {
        lock(&self.shared).attacks
    }

    /// How many requests of an operation came.
    #[must_use]
    pub fn requests_of(&self, operation: i32) -> u64 {
        lock(&self.shared).requests.get(&operation).copied().unwrap_or(0)
    }

    /// How many watches are set, over all connections.
    #[must_use]
    pub fn watches(&self) -> usize {
        lock(&self.shared).watches()
    }

    /// Ends all connections; sessions stay.
    pub fn drop_connections(&self) {
        lock(&self.shared).remove_all_peers();
    }

    /// Ends all connections and sessions.
    pub fn expire_sessions(&self) {
        let mut state = lock(&self.shared);
        state.forget_sessions();
        state.remove_all_peers();
    }

    /// Ends all connections and empties the tree without an event, as if another ensemble took over
    /// this address.
    pub fn wipe(&self) {
        let mut state = lock(&self.shared);
        state.remove_all_peers();
        state.tree.wipe();
    }

    /// Sends an event to all connections, `times` times, whether it is watched or not: 1 for
    /// created, 2 for deleted, 3 for changed data, 4 for changed children.
    pub fn send_events(&self, kind: i32, path: &str, times: u64) {
        const AT_ONCE: u64 = 100;
        let event = Reply::event(kind, path).bytes();
        let repeat = |count: u64| event.repeat(usize::try_from(count).expect("a count up to 100"));
        let flood = Flood { portion: repeat(AT_ONCE), times: times / AT_ONCE };
        let reply = Reply { raw: Some(repeat(times % AT_ONCE)), flood: Some(flood), ..Reply::default() };
        lock(&self.shared).send_to_all(&reply);
    }

    /// Sends bytes to all connections, unasked.
    pub fn send_raw(&self, bytes: &[u8]) {
        lock(&self.shared).send_to_all(&Reply { raw: Some(bytes.to_vec()), ..Reply::default() });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut state = lock(&self.shared);
        state.stopping = true;
        state.remove_all_peers();
        drop(state);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Shared) {
    while let Ok((stream, _)) = listener.accept() {
        if lock(shared).stopping {
            return;
        }
        // A connection that cannot be served is ended, which is no failure.
        let _ = serve(shared, stream);
    }
}
