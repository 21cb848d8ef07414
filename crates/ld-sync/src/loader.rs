//! What the engine knows of content that a node points to: only that something else loads it.

use std::pin::Pin;

/// A boxed future, as traits that are used as objects return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Understands the pointers that nodes hold;
/// [`EngineBuilder::loader`](crate::EngineBuilder::loader) takes it.
///
/// Whether content is a pointer is not its decision: the engine asks it about each pointer, and a
/// pointer never is written to a file as it stands.
pub trait Loader: Send + Sync + 'static {
    /// Reads a pointer. `json` is its text, with Python's `NaN` as `null`, `-Infinity` as 0 and
    /// `Infinity` as a string.
    ///
    /// # Errors
    ///
    /// Why the pointer can never be loaded, without a secret. It is shown until the node changes.
    fn parse(&self, json: &str) -> Result<Box<dyn Pointer>, String>;
}

/// One pointer that was understood.
pub trait Pointer: Send + Sync {
    /// What it points to, for messages, without a secret: `s3://bucket/key`.
    fn target(&self) -> String;

    /// Loads what it points to into `sink`, at most `max_bytes`. When this returns, all of it was
    /// received and is right.
    ///
    /// Dropping the future ends the load. An implementation bounds how long it waits for anything,
    /// and how many loads run at a time.
    fn load<'a>(
        &'a self,
        max_bytes: Option<u64>,
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<(), LoadError>>;
}

/// Takes content piece by piece.
pub trait Sink: Send {
    /// Begins, or begins anew: what was written before is dropped.
    fn start(&mut self) -> BoxFuture<'_, Result<(), LoadError>>;

    /// Takes the next piece. Its limit on the time is the sink's.
    fn write(&mut self, piece: Vec<u8>) -> BoxFuture<'_, Result<(), LoadError>>;
}

/// Collects the content in memory.
impl Sink for Vec<u8> {
    fn start(&mut self) -> BoxFuture<'_, Result<(), LoadError>> {
        self.clear();
        Box::pin(async { Ok(()) })
    }

    fn write(&mut self, piece: Vec<u8>) -> BoxFuture<'_, Result<(), LoadError>> {
        self.extend(piece);
        Box::pin(async { Ok(()) })
    }
}

/// Why nothing was loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
#[non_exhaustive]
pub struct LoadError {
    /// The reason, without a secret.
    pub reason: String,
    /// When to try again.
    pub again: Again,
}

/// When a load is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Again {
    /// As a failed write: soon, with a backoff.
    Soon,
    /// Every ten seconds at most: the answer hardly changes by itself.
    Slowly,
    /// Once the node changes.
    Never,
}

impl LoadError {
    /// A failure for `reason`.
    pub fn new(reason: impl Into<String>, again: Again) -> Self {
        Self { reason: reason.into(), again }
    }
}
