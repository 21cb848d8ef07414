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
        self.0.acquire().await.ok()
    }

    /// Whether there are any.
    pub(crate) fn any(&self) -> bool {
        self.0.available_permits() < READS_IN_FLIGHT
    }
}
