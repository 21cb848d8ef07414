//! The reads in flight.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

/// How many reads may be in flight at once. Nearby 64 saturate a server, but it answers more of them with less effort each.
const READS_IN_FLIGHT: usize = 1024;

/// The reads in flight of one client.
#[derive(Debug, Clone)]
pub(crate) struct Reads(Arc<Semaphore>);

impl Default for Reads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(READS_IN_FLIGHT)))
    }
}

impl Reads {
    /// Waits for a place among them. The semaphore is never closed, so that there always is one in the end.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns(1).await
    }

    /// The same for several at once.
    pub(crate) async fn turns(&self, count: usize) -> Option<SemaphorePermit<'_>> {
        let count = u32::try_from(count.min(READS_IN_FLIGHT)).ok()?;
        self.0.acquire_many(count).await.ok()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        READS_IN_FLIGHT.saturating_sub(self.0.available_permits())
    }
}
