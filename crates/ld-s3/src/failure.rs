//! What can go wrong with a request, and what that means for the next attempt.

use ld_sync::{Again, LoadError};

/// Why an object was not loaded from one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) reason: String,
}

/// What the failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The network or the server: it may pass at any moment.
    Transient,
    /// The server asks for fewer requests.
    Busy,
    /// The server refuses, has no such object, or sent something wrong.
    Lasting,
    /// The object is larger than allowed.
    TooLarge,
    /// The file could not be written.
    Local(Again),
}

impl Failure {
    pub(crate) fn transient(reason: impl Into<String>) -> Self {
        Self { kind: Kind::Transient, reason: reason.into() }
    }

    pub(crate) fn lasting(reason: impl Into<String>) -> Self {
        Self { kind: Kind::Lasting, reason: reason.into() }
    }

    pub(crate) fn busy(reason: impl Into<String>) -> Self {
        Self { kind: Kind::Busy, reason: reason.into() }
    }

    pub(crate) fn too_large(reason: impl Into<String>) -> Self {
        Self { kind: Kind::TooLarge, reason: reason.into() }
    }

    /// Whether another shard may have the object in order.
    pub(crate) fn may_succeed_elsewhere(&self) -> bool {
        matches!(self.kind, Kind::Transient | Kind::Busy | Kind::Lasting)
    }
}

impl From<LoadError> for Failure {
    /// A failure of the sink.
    fn from(error: LoadError) -> Self {
        Self { kind: Kind::Local(error.again), reason: error.reason }
    }
}

impl From<Failure> for LoadError {
    fn from(failure: Failure) -> Self {
        let again = match failure.kind {
            Kind::Transient => Again::Soon,
            Kind::Busy | Kind::Lasting => Again::Slowly,
            Kind::TooLarge => Again::Never,
            Kind::Local(again) => again,
        };
        Self::new(failure.reason, again)
    }
}
