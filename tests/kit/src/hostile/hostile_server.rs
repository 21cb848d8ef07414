//! The hostile server: its port, its nodes and its script.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::reply::{Flood, Reply};
use super::rule::Rule;
use super::serve::{SharedState, lock, serve};
use super::watches::Change;

/// A ZooKeeper server on a loopback port that follows a script. It stops when it is dropped.
#[derive(Debug)]
pub struct HostileServer {
    address: SocketAddr,
    shared: SharedState,
    accepting: Option<JoinHandle<()>>,
}

impl HostileServer {
    /// Starts an honest server without nodes.
    ///
    /// # Panics
    ///
    /// When no port is free or no thread can be started.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free loopback port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = SharedState::default();
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new().name("hostile-accept".into());
        let thread = thread.spawn(move || accept(&listener, &accepting)).expect("a thread can be started");
        Self { address, shared, accepting: Some(thread) }
    }

    /// The address for clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// [`HostileServer::address`] as in `zookeeper.hosts`.
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

    /// Deletes a node, if it exists, and fires its watches. Its children stay.
    pub fn delete(&self, path: &str) {
        let mut state = lock(&self.shared);
        if state.tree.delete(path) {
            state.fire(path, Change::Deleted);
        }
    }

    /// The data of a node; `None` if it does not exist.
    #[must_use]
    pub fn data(&self, path: &str) -> Option<Vec<u8>> {
        lock(&self.shared).tree.get(path).map(|node| node.data.clone())
    }

    /// Sets the zxid of the last change: the next one gets `zxid` plus 1, which may be a step back.
    pub fn set_zxid(&self, zxid: i64) {
        lock(&self.shared).tree.set_zxid(zxid);
    }

    /// Adds a rule to the script. All rules that match a reply change it, in order.
    pub fn add(&self, rule: Rule) {
        lock(&self.shared).rules.push(rule);
    }

    /// Removes all rules: the server is honest from now on.
    pub fn be_honest(&self) {
        lock(&self.shared).rules.clear();
    }

    /// Number of replies that the script has changed.
    #[must_use]
    pub fn attacks(&self) -> u64 {
        lock(&self.shared).attacks
    }

    /// Number of requests of an operation.
    #[must_use]
    pub fn requests_of(&self, operation: i32) -> u64 {
        lock(&self.shared).requests.get(&operation).copied().unwrap_or(0)
    }

    /// Number of watches of all connections.
    #[must_use]
    pub fn watches(&self) -> usize {
        lock(&self.shared).watches()
    }

    /// Closes all connections; sessions stay.
    pub fn drop_connections(&self) {
        lock(&self.shared).remove_all_peers();
    }

    /// Closes all connections and forgets all sessions.
    pub fn expire_sessions(&self) {
        let mut state = lock(&self.shared);
        state.forget_sessions();
        state.remove_all_peers();
    }

    /// Closes all connections and removes all nodes without an event, as if another ensemble took
    /// over this address.
    pub fn wipe(&self) {
        let mut state = lock(&self.shared);
        state.remove_all_peers();
        state.tree.wipe();
    }

    /// Sends an event `times` times to all connections, watched or not.
    ///
    /// The kinds are 1 for created, 2 for deleted, 3 for changed data, 4 for changed children.
    pub fn send_events(&self, kind: i32, path: &str, times: u64) {
        const AT_ONCE: u64 = 100;
        let event = Reply::event(kind, path).bytes();
        let repeat = |count: u64| event.repeat(usize::try_from(count).expect("a count up to 100"));
        let flood = Flood { portion: repeat(AT_ONCE), times: times / AT_ONCE };
        let reply = Reply { raw: Some(repeat(times % AT_ONCE)), flood: Some(flood), ..Reply::default() };
        lock(&self.shared).send_to_all(&reply);
    }
}

impl Drop for HostileServer {
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

fn accept(listener: &TcpListener, shared: &SharedState) {
    while let Ok((stream, _)) = listener.accept() {
        if lock(shared).stopping {
            return;
        }
        // A connection that cannot be served is closed, which is not a failure.
        let _ = serve(shared, stream);
    }
}
