//! The sink of a load: a temporary file beside the destination, filled by threads of its file
//! system.

use std::sync::Arc;
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::chain;
use ld_file::{Claimant, Disk, FileError, Filled, Incoming};

use super::record::Node;
use crate::loader::{Again, BoxFuture, LoadError, Sink};

/// How long one step on the file may take.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// Fills a temporary file. It is removed if this is dropped before [`finish`](Self::finish).
pub(super) struct FileSink {
    node: Arc<Node>,
    steps: BoundedCalls,
    spawner: Spawner,
    /// `None` while a thread works on it, and before the start.
    incoming: Option<Incoming>,
}

impl FileSink {
    pub(super) fn new(node: &Arc<Node>, disk: &Disk, spawner: Spawner) -> Self {
        Self { node: Arc::clone(node), steps: disk.loads.clone(), spawner, incoming: None }
    }

    /// The filled file.
    pub(super) async fn finish(mut self) -> Result<Filled, LoadError> {
        let incoming = self.incoming.take().ok_or_else(not_started)?;
        self.step(move || incoming.finish()).await
    }

    async fn step<T: Send + 'static>(
        &self,
        step: impl FnOnce() -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, LoadError> {
        let done = self.steps.run(STEP_LIMIT, step).await;
        let done = done.map_err(|error| LoadError::new(error.to_string(), Again::Slowly))?;
        done.map_err(|error| LoadError::new(chain(&error).to_string(), Again::Slowly))
    }

    fn remove(&mut self) {
        if let Some(incoming) = self.incoming.take() {
            remove_on_thread(self.spawner, incoming);
        }
    }
}

/// Has a thread remove a file that is not put in place, since that may hang.
pub(super) fn remove_on_thread(spawner: Spawner, file: impl Send + 'static) {
    // A refused thread drops the file here.
    let _ = spawner.spawn("ld-files", move || drop(file));
}

impl Sink for FileSink {
    fn start(&mut self) -> BoxFuture<'_, Result<(), LoadError>> {
        Box::pin(async {
            self.remove();
            let node = Arc::clone(&self.node);
            self.incoming = Some(self.step(move || Incoming::create(node.target())).await?);
            Ok(())
        })
    }

    fn write(&mut self, piece: Vec<u8>) -> BoxFuture<'_, Result<(), LoadError>> {
        Box::pin(async move {
            let mut incoming = self.incoming.take().ok_or_else(not_started)?;
            let write = move || incoming.write(&piece).map(|()| incoming);
            self.incoming = Some(self.step(write).await?);
            Ok(())
        })
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        self.remove();
    }
}

fn not_started() -> LoadError {
    LoadError::new("the loader wrote without a start; please report this as a bug", Again::Slowly)
}
