//! The faults of a proxy.

use std::time::Duration;

/// What a [`Proxy`](crate::Proxy) does to the traffic.
///
/// No byte is ever lost or reordered, as in TCP: a fault delays bytes until it heals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProxyMode {
    /// Everything passes.
    #[default]
    Pass,
    /// Connects are refused, as by a dead server. Entering the mode resets all open connections.
    Refuse,
    /// Connects succeed, and the connection is reset at once. Entering the mode resets all open
    /// connections.
    Reset,
    /// Connects succeed and connections stay open, but nothing passes, not even their end.
    Blackhole,
    /// Half-open: only bytes from the client to the server pass.
    OnlyToServer,
    /// Half-open: only bytes from the server to the client pass.
    OnlyToClient,
    /// Every byte arrives later by a fixed delay; the throughput stays the same.
    Delay {
        /// From the client to the server.
        to_server: Duration,
        /// From the server to the client.
        to_client: Duration,
    },
}

impl ProxyMode {
    /// The delay to the server and to the client; `None` when that direction is held back.
    pub(super) fn delays(self) -> (Option<Duration>, Option<Duration>) {
        match self {
            Self::Pass => (Some(Duration::ZERO), Some(Duration::ZERO)),
            Self::Refuse | Self::Reset | Self::Blackhole => (None, None),
            Self::OnlyToServer => (Some(Duration::ZERO), None),
            Self::OnlyToClient => (None, Some(Duration::ZERO)),
            Self::Delay { to_server, to_client } => (Some(to_server), Some(to_client)),
        }
    }

    /// Whether entering the mode resets the open connections.
    pub(super) fn resets(self) -> bool {
        matches!(self, Self::Refuse | Self::Reset)
    }
}
