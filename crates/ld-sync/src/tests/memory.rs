//! A source of node states in memory, for faults that a real server cannot produce on request.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::{NodeSource, Source};
use ld_zk::{Absence, Confirmed, NodeData, NodeStat, NodeState, Reading, SessionKey, Unreadable};
use tokio::sync::watch;

/// What a read of a node shall give.
#[derive(Clone)]
pub(crate) enum Show {
    Present(Vec<u8>, i64),
    ReadOnly(Vec<u8>, i64),
    /// The size and the limit.
    TooLarge(usize, usize),
    Absent(Absence),
    NoAuth,
    Closed,
}

/// An ensemble of one, with one session at a time.
#[derive(Clone)]
pub(crate) struct Memory(Arc<State>);

struct State {
    nodes: Mutex<HashMap<String, watch::Sender<Show>>>,
    session: Mutex<SessionKey>,
    live: Mutex<bool>,
    /// How long after its proof a confirmation is handed over.
    confirms_after: Mutex<Duration>,
    /// What becomes known just before a confirmation returns.
    known_by_confirming: Mutex<Vec<(String, Show)>>,
    /// Whether reads are answered.
    answers: watch::Sender<bool>,
    reads: AtomicUsize,
    /// Nodes without a session.
    silent: Mutex<HashSet<String>>,
    /// Reading one of these nodes panics.
    poisoned: Mutex<HashSet<String>>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self(Arc::new(State {
            nodes: Mutex::default(),
            session: Mutex::new(SessionKey::unique()),
            live: Mutex::new(true),
            confirms_after: Mutex::default(),
            known_by_confirming: Mutex::default(),
            answers: watch::Sender::new(true),
            reads: AtomicUsize::new(0),
            silent: Mutex::default(),
            poisoned: Mutex::default(),
        }))
    }

    pub(crate) fn show(&self, path: &str, show: Show) {
        let mut nodes = self.0.nodes.lock().unwrap();
        match nodes.get(path) {
            Some(node) => node.send_modify(|now| *now = show),
            None => {
                nodes.insert(path.to_owned(), watch::Sender::new(show));
            }
        }
    }

    pub(crate) fn set(&self, path: &str, content: &str, mzxid: i64) {
        self.show(path, Show::Present(content.into(), mzxid));
    }

    pub(crate) fn set_live(&self, live: bool) {
        *self.0.live.lock().unwrap() = live;
    }

    /// From now on confirmations come this late, whatever their limit, as in a process that stood
    /// still.
    pub(crate) fn confirm_after(&self, late: Duration) {
        *self.0.confirms_after.lock().unwrap() = late;
    }

    /// A change that wakes its node just before the next confirmation returns.
    pub(crate) fn show_when_confirming(&self, path: &str, show: Show) {
        self.0.known_by_confirming.lock().unwrap().push((path.to_owned(), show));
    }

    /// Whether reads are answered from now on; they wait otherwise, as without a session.
    pub(crate) fn answer(&self, answers: bool) {
        self.0.answers.send_replace(answers);
    }

    /// From now on the node has no session to be read in.
    pub(crate) fn silence(&self, path: &str) {
        self.0.silent.lock().unwrap().insert(path.to_owned());
    }

    /// A new session: every node is read again.
    pub(crate) fn new_session(&self) {
        *self.0.session.lock().unwrap() = SessionKey::unique();
        self.0.nodes.lock().unwrap().values().for_each(|node| node.send_modify(|_| {}));
    }

    pub(crate) fn poison(&self, path: &str) {
        self.0.poisoned.lock().unwrap().insert(path.to_owned());
    }

    pub(crate) fn cure(&self, path: &str) {
        self.0.poisoned.lock().unwrap().remove(path);
    }

    pub(crate) fn reads(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }
}

impl Source for Memory {
    type Node = MemoryNode;

    fn watch(&self, path: &str, _max_bytes: Option<usize>) -> MemoryNode {
        let mut changes = self.0.nodes.lock().unwrap()[path].subscribe();
        changes.mark_changed();
        MemoryNode { source: self.clone(), path: path.to_owned(), changes }
    }

    fn watch_together<const N: usize>(&self, nodes: [(&str, Option<usize>); N]) -> [MemoryNode; N] {
        nodes.map(|(path, max_bytes)| self.watch(path, max_bytes))
    }

    fn description(&self) -> String {
        "a source in memory".to_owned()
    }

    fn connection_error(&self) -> Option<String> {
        (!*self.0.live.lock().unwrap()).then(|| "the connection is refused".to_owned())
    }

    async fn confirm(&self, _limit: Duration) -> Confirmed {
        let live = *self.0.live.lock().unwrap();
        let late = *self.0.confirms_after.lock().unwrap();
        let confirmed = live.then(|| *self.0.session.lock().unwrap()).into_iter().collect();
        tokio::time::sleep(late).await;
        let known = std::mem::take(&mut *self.0.known_by_confirming.lock().unwrap());
        known.into_iter().for_each(|(path, show)| self.show(&path, show));
        confirmed
    }
}

pub(crate) struct MemoryNode {
    source: Memory,
    path: String,
    changes: watch::Receiver<Show>,
}

impl NodeSource for MemoryNode {
    async fn changed(&mut self) {
        // As a watch that fired, it stays changed until the node is read.
        let mut changes = self.changes.clone();
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn read(&mut self) -> Reading {
        assert!(!self.source.0.poisoned.lock().unwrap().contains(&self.path), "poisoned");
        if self.source.0.silent.lock().unwrap().contains(&self.path) {
            std::future::pending::<()>().await;
        }
        let mut answers = self.source.0.answers.subscribe();
        answers.wait_for(|answers| *answers).await.unwrap();
        self.source.0.reads.fetch_add(1, Ordering::SeqCst);
        let show = self.changes.borrow_and_update().clone();
        let read_only = matches!(show, Show::ReadOnly(..));
        let state = match show {
            Show::Present(data, mzxid) | Show::ReadOnly(data, mzxid) => NodeState::Present {
                stat: NodeStat::new(1, mzxid, 0, data.len() as i32),
                data: NodeData::from(data),
            },
            Show::TooLarge(bytes, limit) => NodeState::TooLarge { bytes, limit },
            Show::Absent(absence) => NodeState::Absent(absence),
            Show::NoAuth => NodeState::Unreadable(Unreadable::NoAuth),
            Show::Closed => NodeState::Unreadable(Unreadable::Other(ld_zk::Error::Closed)),
        };
        let session = *self.source.0.session.lock().unwrap();
        let mut reading = Reading::new(state, session);
        reading.read_only = read_only;
        reading
    }

    fn refresh(&mut self) {
        self.changes.mark_changed();
    }

    fn beside(&self, path: &str, max_bytes: usize) -> Option<Self> {
        let missing = || watch::Sender::new(Show::Absent(Absence::Confirmed));
        self.source.0.nodes.lock().unwrap().entry(path.to_owned()).or_insert_with(missing);
        Some(self.source.watch(path, Some(max_bytes)))
    }
}
