//! The state that all connections of a hostile server share.

use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::Sender;

use super::honest::{HonestReply, execute};
use super::reply::{Reply, Then};
use super::request::{CONNECT, ConnectRequest, ISRO, Request};
use super::rule::Rule;
use super::tree::Tree;
use super::watches::{Change, Watches};

/// Most connections at once.
const MAX_CONNECTIONS: usize = 128;
/// The first session's id.
const FIRST_SESSION: i64 = 0x1000_0000_0001;

/// Nodes, script, sessions and connections, behind one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) rules: Vec<Rule>,
    pub(super) stopping: bool,
    /// Number of replies that the rules changed.
    pub(super) attacks: u64,
    /// Number of requests by operation.
    pub(super) requests: BTreeMap<i32, u64>,
    pub(super) peers: BTreeMap<u64, Peer>,
    next_peer: u64,
    sessions: Vec<i64>,
    next_session: i64,
}

/// A connection, as other connections see it.
#[derive(Debug)]
pub(super) struct Peer {
    stream: TcpStream,
    outgoing: Sender<Reply>,
    watches: Watches,
    /// Its session; 0 before the handshake.
    session: i64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            tree: Tree::default(),
            rules: Vec::new(),
            stopping: false,
            attacks: 0,
            requests: BTreeMap::new(),
            peers: BTreeMap::new(),
            next_peer: 0,
            sessions: Vec::new(),
            next_session: FIRST_SESSION,
        }
    }
}

impl State {
    /// Adds a connection, if there is room, and returns its number.
    pub(super) fn add_peer(&mut self, stream: TcpStream, outgoing: Sender<Reply>) -> Option<u64> {
        if self.stopping || self.peers.len() >= MAX_CONNECTIONS {
            return None;
        }
        self.next_peer += 1;
        self.peers.insert(self.next_peer, Peer { stream, outgoing, watches: Watches::default(), session: 0 });
        Some(self.next_peer)
    }

    /// Closes the connection.
    pub(super) fn remove_peer(&mut self, id: u64) {
        if let Some(peer) = self.peers.remove(&id) {
            // The client may have closed it already.
            let _ = peer.stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn remove_all_peers(&mut self) {
        let all: Vec<u64> = self.peers.keys().copied().collect();
        all.into_iter().for_each(|id| self.remove_peer(id));
    }

    /// Forgets all sessions: a client that resumes one is told that it has expired.
    pub(super) fn forget_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Number of watches of all connections.
    pub(super) fn watches(&self) -> usize {
        self.peers.values().map(|peer| peer.watches.len()).sum()
    }

    /// Answers a handshake.
    ///
    /// Like a real server it closes the connection of a client that has seen a later zxid.
    pub(super) fn connect(&mut self, peer: u64, connect: ConnectRequest) -> io::Result<()> {
        let is_ahead = connect.last_zxid > self.tree.zxid();
        let is_known = self.sessions.contains(&connect.session);
        let mut session = connect.session;
        let mut reply = match session {
            _ if is_ahead => Reply { then: Then::Close, raw: Some(Vec::new()), ..Reply::default() },
            0 => {
                self.next_session += 1;
                session = self.next_session;
                self.sessions.push(session);
                Reply::handshake(connect.timeout, session)
            }
            session if is_known => Reply::handshake(connect.timeout, session),
            _ => Reply { then: Then::Close, ..Reply::handshake(0, 0) },
        };
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.session = session;
        }
        let request = Request { operation: CONNECT, ..Request::default() };
        self.apply_rules(&request, &mut reply);
        self.send(peer, reply)
    }

    /// Answers `isro`.
    pub(super) fn is_read_only(&mut self, peer: u64) -> io::Result<()> {
        let request = Request { operation: ISRO, ..Request::default() };
        let mut reply = Reply::text("rw");
        self.apply_rules(&request, &mut reply);
        self.send(peer, reply)
    }

    /// Answers a request of a session.
    pub(super) fn request(&mut self, peer: u64, request: &Request) -> io::Result<()> {
        let Peer { watches, session, .. } = self.peers.get_mut(&peer).ok_or(io::ErrorKind::NotConnected)?;
        let HonestReply { events, mut reply, change } = execute(&mut self.tree, watches, *session, request)?;
        self.apply_rules(request, &mut reply);
        for event in events {
            self.send(peer, event)?;
        }
        self.send(peer, reply)?;
        if let Some((path, change)) = change {
            self.fire(&path, change);
        }
        Ok(())
    }

    /// Sends the events of a change to all connections that watch the node.
    pub(super) fn fire(&mut self, path: &str, change: Change) {
        for peer in self.peers.values_mut() {
            for event in peer.watches.fire(path, change) {
                // A connection that is closing needs no event.
                let _ = peer.outgoing.send(event);
            }
        }
    }

    /// Sends a reply without a request to all connections.
    pub(super) fn send_to_all(&self, reply: &Reply) {
        for peer in self.peers.values() {
            let _ = peer.outgoing.send(reply.clone());
        }
    }

    fn send(&self, peer: u64, reply: Reply) -> io::Result<()> {
        let peer = self.peers.get(&peer).ok_or(io::ErrorKind::NotConnected)?;
        peer.outgoing.send(reply).map_err(|_| io::ErrorKind::NotConnected.into())
    }

    fn apply_rules(&mut self, request: &Request, reply: &mut Reply) {
        *self.requests.entry(request.operation).or_default() += 1;
        let changed = self.rules.iter_mut().filter_map(|rule| rule.apply(request, reply).then_some(()));
        self.attacks += u64::from(changed.count() > 0);
    }
}
