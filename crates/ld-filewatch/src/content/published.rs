//! Content as handles see it: of a file, or a part of that.

use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::content::signal::Signal;
use crate::error::Error;

/// One good load. The data has an `Arc` of its own, so that a heartbeat can replace only the time.
pub(crate) struct Loaded<T> {
    pub(crate) data: Arc<T>,
    pub(crate) mtime: SystemTime,
    pub(crate) version: u64,
}

/// The content at one moment, without a reference count.
pub(crate) type Current<T> = arc_swap::Guard<Option<Arc<Loaded<T>>>>;

/// A source of content. Handles hold it as a trait object, since the type of what it comes from is
/// not theirs.
pub(crate) trait Published<T>: Send + Sync {
    fn path(&self) -> &Path;
    fn signal(&self) -> &Arc<Signal>;
    /// The version of the content; 0 before the first good load. Computes nothing.
    fn version(&self) -> u64;
    fn current(&self) -> Current<T>;
    /// The content, or why there is none.
    fn first(&self) -> Result<Arc<Loaded<T>>, Error>;

    fn load(&self) -> Result<Arc<Loaded<T>>, Error> {
        arc_swap::Guard::into_inner(self.current()).map_or_else(|| self.first(), Ok)
    }

    fn newer(&self, version: u64) -> Option<Arc<Loaded<T>>> {
        // The version decides first: a part of older content need not be computed.
        if self.version() <= version {
            return None;
        }
        arc_swap::Guard::into_inner(self.current())
    }

    /// Whether a wait for content newer than `version` is over.
    fn is_over(&self, version: u64) -> bool {
        self.version() > version || self.signal().is_closed()
    }

    /// Blocks the thread until there is content newer than `version`, at most until the deadline or
    /// the end of the publishing.
    fn wait_newer(&self, version: u64, deadline: Option<Instant>) -> Option<Arc<Loaded<T>>> {
        self.signal().waiters.wait_until(deadline, || self.is_over(version).then_some(()))?;
        self.newer(version)
    }
}
