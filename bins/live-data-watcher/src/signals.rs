//! Signals: SIGTERM and SIGINT end the process, SIGHUP and SIGCHLD do not.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// The signals that the watcher hears.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    child: Signal,
}

impl Signals {
    /// Listens from now on. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system refuses a handler.
    pub(crate) fn listen() -> io::Result<Self> {
        let listening = Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            child: signal(SignalKind::child())?,
        };
        // What the process had for children when it was started may have ended before.
        ld_sync::reap_orphans();
        Ok(listening)
    }

    /// Waits for a signal that ends the process, and gives its name. Answers the others meanwhile.
    ///
    /// Cancel-safe.
    pub(crate) async fn end(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hang_up.recv() => {
                    info!("SIGHUP: reloading is not supported yet; restart to apply a changed configuration");
                }
                // As the process with the id 1 it is the parent of every orphan.
                _ = self.child.recv() => ld_sync::reap_orphans(),
            }
        }
    }
}
