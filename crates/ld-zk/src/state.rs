//! What the sessions of a client are doing, and what has happened to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// What stood in the way of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConnectFailure {
    /// No host name has an address.
    Lookup,
    /// The PEM files cannot be used.
    TlsFile,
    /// A server and this client do not trust each other.
    Handshake,
    /// No server opens a session.
    NoServer,
    /// The session ended, or did not answer, before a node could be read in it.
    EndedEarly,
    /// The ZooKeeper crate panicked.
    ClientFailed,
}

impl ConnectFailure {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Lookup, Self::TlsFile, Self::Handshake, Self::NoServer, Self::EndedEarly, Self::ClientFailed];

    /// As a word for metrics, as in `no_server`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::TlsFile => "tls_file",
            Self::Handshake => "handshake",
            Self::NoServer => "no_server",
            Self::EndedEarly => "ended_early",
            Self::ClientFailed => "client_failed",
        }
    }

    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Lookup { .. } => Self::Lookup,
            Error::TlsFile { .. } => Self::TlsFile,
            Error::Handshake { .. } => Self::Handshake,
            Error::NoSession { .. } => Self::NoServer,
            Error::ClientFailed { .. } => Self::ClientFailed,
            _ => Self::EndedEarly,
        }
    }
}

/// One session's state, and what has happened to it and to those that it replaced. A client has one
/// session for each 96 KiB of watched paths.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionInfo {
    /// What the session is doing.
    pub state: SessionState,
    /// Since when.
    pub since: Instant,
    /// Why the last attempt to connect failed or the last session ended; `None` while connected.
    pub last_error: Option<Arc<Error>>,
    /// How often there was a connection that nodes could be read with: in a new session, or in one
    /// that was resumed.
    pub connects: u64,
    /// How often a server said that the session has expired.
    pub expiries: u64,
    /// How often no session could be opened, by reason. A reason without a failure is missing.
    pub failures: BTreeMap<ConnectFailure, u64>,
    /// How long the round trip (`sync`) of the last proof took that [`Client::confirm`] got.
    ///
    /// [`Client::confirm`]: crate::Client::confirm
    pub round_trip: Option<Duration>,
}

impl SessionInfo {
    /// How often the connection was made again after it, or its session, was lost.
    pub fn reconnects(&self) -> u64 {
        self.connects.saturating_sub(1)
    }
}

/// The states of all the sessions of a client.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ClientState {
    /// One for each session.
    pub sessions: Vec<SessionInfo>,
}

impl ClientState {
    /// The worst of the sessions' states.
    pub fn overall(&self) -> SessionState {
        self.worst().map_or(SessionState::Connecting, |session| session.state)
    }

    /// The error of the session that is worst off, if it has one.
    pub fn last_error(&self) -> Option<&Arc<Error>> {
        self.worst().and_then(|session| session.last_error.as_ref())
    }

    /// Why the session that is worst off is not live, with the causes; `None` while all sessions
    /// are live.
    pub fn connection_error(&self) -> Option<String> {
        let worst = self.worst()?;
        let plain = match worst.state {
            SessionState::Connected | SessionState::ReadOnly => return None,
            SessionState::Suspended => "the connection is lost, the session is being resumed",
            SessionState::Connecting => "no session yet, one is being opened",
            SessionState::Closed => return Some(Error::Closed.to_string()),
        };
        Some(worst.last_error.as_ref().map_or_else(|| plain.to_owned(), |error| error.to_string()))
    }

    pub(crate) fn add_session(&mut self) {
        self.sessions.push(SessionInfo {
            state: SessionState::Connecting,
            since: Instant::now(),
            last_error: None,
            connects: 0,
            expiries: 0,
            failures: BTreeMap::new(),
            round_trip: None,
        });
    }

    /// Changes what a session is doing. Returns whether that is something new.
    pub(crate) fn set(&mut self, session: usize, state: SessionState, error: Option<Arc<Error>>) -> bool {
        let Some(entry) = self.sessions.get_mut(session) else { return false };
        if entry.state != state {
            (entry.state, entry.since, entry.last_error) = (state, Instant::now(), error);
        } else if error.is_some() {
            entry.last_error = error;
        } else {
            return false;
        }
        true
    }

    fn worst(&self) -> Option<&SessionInfo> {
        self.sessions.iter().max_by_key(|session| session.state)
    }
}

/// Follows the states of a client's sessions.
#[derive(Debug, Clone)]
pub struct StateWatch {
    receiver: watch::Receiver<ClientState>,
}

impl StateWatch {
    pub(crate) fn new(receiver: watch::Receiver<ClientState>) -> Self {
        Self { receiver }
    }

    /// The present state.
    pub fn get(&self) -> ClientState {
        self.receiver.borrow().clone()
    }

    /// Waits for the next change, skipping states in between, and gives the present state; `None`
    /// when the client is gone. What is only counted is no change. Cancel-safe.
    pub async fn changed(&mut self) -> Option<ClientState> {
        self.receiver.changed().await.ok()?;
        Some(self.receiver.borrow_and_update().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_error_is_that_of_the_worst_session() {
        let mut client = ClientState::default();
        client.add_session();
        client.add_session();
        assert_eq!(client.connection_error().as_deref(), Some("no session yet, one is being opened"));
        client.set(0, SessionState::Connected, None);
        let error = Error::SessionEnded { reason: "it expired" };
        client.set(1, SessionState::Connecting, Some(Arc::new(error)));
        assert_eq!(client.connection_error().as_deref(), Some("the ZooKeeper session ended: it expired"));
        client.set(1, SessionState::ReadOnly, None);
        assert_eq!(client.connection_error(), None);
        client.set(0, SessionState::Suspended, None);
        assert_eq!(
            client.connection_error().as_deref(),
            Some("the connection is lost, the session is being resumed")
        );
        client.set(0, SessionState::Closed, None);
        assert_eq!(client.connection_error().as_deref(), Some("the ZooKeeper client is closed"));
    }
}
