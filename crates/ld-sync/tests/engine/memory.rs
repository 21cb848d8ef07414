//! A source of node states in memory, for faults that a real server cannot be asked for.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use ld_sync::{NodeSource, Source};
use ld_zk::{Absence, Confirmed, NodeData, NodeStat, NodeState, Reading, SessionKey, SharedPath, Unreadable};
use tokio::sync::watch;

/// What a node shall be.
#[derive(Clone)]
pub(crate) enum Show {
    Present(Vec<u8>, i64),
    ReadOnly(Vec<u8>, i64),
    Absent(Absence),
    NoAuth,
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
    /// Nodes whose tasks panic when they read.
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

    /// From now on confirmations come so late, whatever their limit, as to a process that stood still.
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

    pub(crate) fn reads(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }
}

impl Source for Memory {
    type Node = MemoryNode;

    fn watch(&self, path: SharedPath) -> MemoryNode {
        let path = (*path).as_ref();
        let mut changes = self.0.nodes.lock().unwrap()[path].subscribe();
        changes.mark_changed();
        MemoryNode { source: self.clone(), path: path.to_owned(), changes, changed: None, answers: None }
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
    /// What wakes whoever waits for a change, and for answers.
    changed: Option<Wait>,
    answers: Option<Wait>,
}

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits until a receiver of the same channel passes the test, which only a change of the channel can make it do.
fn poll_until<T: Send + Sync + 'static>(
    receiver: &watch::Receiver<T>,
    passes: impl Fn(&watch::Receiver<T>) -> bool,
    wait: &mut Option<Wait>,
    context: &mut Context<'_>,
) -> Poll<()> {
    loop {
        if passes(receiver) {
            return Poll::Ready(());
        }
        let next = wait.get_or_insert_with(|| {
            let mut receiver = receiver.clone();
            Box::pin(async move {
                if receiver.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            })
        });
        std::task::ready!(next.as_mut().poll(context));
        *wait = None;
    }
}

impl MemoryNode {
    fn is_silent(&self) -> bool {
        self.source.0.silent.lock().unwrap().contains(&self.path)
    }
}

impl NodeSource for MemoryNode {
    fn poll_changed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // As a watch that fired, it stays changed until the node is read.
        let passes = |changes: &watch::Receiver<Show>| changes.has_changed().unwrap_or(false);
        poll_until(&self.changes, passes, &mut self.changed, context)
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_silent() {
            return Poll::Pending;
        }
        let answers = self.source.0.answers.subscribe();
        poll_until(&answers, |answers| *answers.borrow(), &mut self.answers, context)
    }

    async fn read(&mut self) -> Option<Reading> {
        assert!(!self.source.0.poisoned.lock().unwrap().contains(&self.path), "poisoned");
        if self.is_silent() {
            std::future::pending::<()>().await;
        }
        if !*self.source.0.answers.borrow() {
            return None;
        }
        self.source.0.reads.fetch_add(1, Ordering::SeqCst);
        let show = self.changes.borrow_and_update().clone();
        let read_only = matches!(show, Show::ReadOnly(..));
        let state = match show {
            Show::Present(data, mzxid) | Show::ReadOnly(data, mzxid) => NodeState::Present {
                stat: NodeStat::new(1, mzxid, 0, data.len() as i32),
                data: NodeData::from(data),
            },
            Show::Absent(absence) => NodeState::Absent(absence),
            Show::NoAuth => NodeState::Unreadable(Unreadable::NoAuth),
        };
        let session = *self.source.0.session.lock().unwrap();
        Some(Reading { state, session, read_only })
    }

    fn refresh(&mut self) {
        self.changes.mark_changed();
    }
}
