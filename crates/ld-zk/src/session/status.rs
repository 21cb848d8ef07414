//! What a session is like right now. All that others know of it follows from this.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{EnsembleCheck, LiveSession};
use crate::SessionState;

/// The status of a session, which changes in one step.
#[derive(Debug, Default)]
pub(crate) struct SessionStatus {
    /// The session that nodes are to be read in. It stays through a lost connection.
    pub(crate) live: Option<Arc<LiveSession>>,
    /// What that session found out about the ensemble.
    pub(crate) ensemble: EnsembleCheck,
    /// What the log says about the ensemble.
    pub(super) logged: EnsembleCheck,
    pub(crate) closed: bool,
    /// Since when there is no connection, if there was one or an attempt failed.
    down_since: Option<Instant>,
}

impl SessionStatus {
    /// The session that requests can be sent in right now.
    pub(super) fn connected(&self) -> Option<&Arc<LiveSession>> {
        self.live.as_ref().filter(|_| self.down_since.is_none())
    }

    /// Requests can be sent in `live`. Returns how long there was no connection.
    pub(super) fn connect(&mut self, live: Arc<LiveSession>, ensemble: EnsembleCheck) -> Option<Duration> {
        (self.live, self.ensemble) = (Some(live), ensemble);
        self.down_since.take().map(|since| since.elapsed())
    }

    /// The connection is lost.
    pub(super) fn disconnect(&mut self) {
        self.down_since.get_or_insert_with(Instant::now);
    }

    /// The session has ended, or none could be opened.
    pub(super) fn end(&mut self) {
        self.disconnect();
        self.live = None;
    }

    pub(super) fn state(&self) -> SessionState {
        match &self.live {
            _ if self.closed => SessionState::Closed,
            None => SessionState::Connecting,
            Some(_) if self.down_since.is_some() => SessionState::Suspended,
            Some(live) if live.read_only => SessionState::ReadOnly,
            Some(_) => SessionState::Connected,
        }
    }
}
