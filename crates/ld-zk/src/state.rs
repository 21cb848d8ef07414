//! What the sessions are doing, for whoever wants to show it or wait on it.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::Error;

/// What one session is doing. The order is from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// Live, with a server that has a quorum.
    Connected,
    /// Live, with a server that is cut off from its quorum.
    ReadOnly,
    /// The connection is lost, the session may still live: it is being resumed.
    Suspended,
    /// There is no session: one is being opened.
    Connecting,
    /// The client was closed.
    Closed,
}

/// One session's state. A client has one session for each 96 KiB of watched paths.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LaneState {
    /// What the session is doing.
    pub state: SessionState,
    /// Since when.
    pub since: Instant,
    /// Why the last attempt to connect failed or the last session ended; `None` while connected.
    pub last_error: Option<Arc<Error>>,
}

/// The states of all the sessions of a client.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ClientState {
    /// One for each session.
    pub lanes: Vec<LaneState>,
}

impl ClientState {
    /// The worst of the sessions' states.
    pub fn overall(&self) -> SessionState {
        self.lanes.iter().map(|lane| lane.state).max().unwrap_or(SessionState::Connecting)
    }

    /// The error of the session that is worst off, if it has one.
    pub fn last_error(&self) -> Option<&Arc<Error>> {
        self.lanes.iter().max_by_key(|lane| lane.state).and_then(|lane| lane.last_error.as_ref())
    }
}

/// Follows the states of a client's sessions.
#[derive(Debug, Clone)]
pub struct StateWatch {
    pub(crate) receiver: watch::Receiver<ClientState>,
}

impl StateWatch {
    /// The present state.
    pub fn get(&self) -> ClientState {
        self.receiver.borrow().clone()
    }

    /// Waits for the next change, skipping states in between, and gives the present state; `None` when the
    /// client is gone. Cancel-safe.
    pub async fn changed(&mut self) -> Option<ClientState> {
        self.receiver.changed().await.ok()?;
        Some(self.receiver.borrow_and_update().clone())
    }
}

/// The writing end: each lane sets its own entry.
#[derive(Debug)]
pub(crate) struct States {
    sender: watch::Sender<ClientState>,
}

impl States {
    pub(crate) fn new() -> Self {
        Self { sender: watch::Sender::new(ClientState::default()) }
    }

    pub(crate) fn watch(&self) -> StateWatch {
        StateWatch { receiver: self.sender.subscribe() }
    }

    pub(crate) fn add_lane(&self) {
        self.sender.send_modify(|client| client.lanes.push(LaneState::new(SessionState::Connecting, None)));
    }

    pub(crate) fn set(&self, lane: usize, state: SessionState, error: Option<Arc<Error>>) {
        self.sender.send_modify(|client| {
            let Some(entry) = client.lanes.get_mut(lane) else { return };
            if entry.state != state {
                *entry = LaneState::new(state, error);
            } else if error.is_some() {
                entry.last_error = error;
            }
        });
    }
}

impl LaneState {
    fn new(state: SessionState, last_error: Option<Arc<Error>>) -> Self {
        Self { state, since: Instant::now(), last_error }
    }
}
