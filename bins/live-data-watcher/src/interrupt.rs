//! SIGINT, SIGTERM and SIGHUP while `check --connect` runs: check programs end before it ends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a command to end.
pub(crate) struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    is_over: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens until it is dropped. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system refuses a handler.
    pub(crate) fn listen() -> io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            register_conditional_default(number, Arc::clone(&is_over))?;
        }
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            is_over,
        })
    }

    /// Waits for a signal, and gives its name. Cancel-safe. A further one ends the process at once.
    pub(crate) async fn asked(&mut self) -> &'static str {
        let name = tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hang_up.recv() => "SIGHUP",
        };
        self.is_over.store(true, Ordering::SeqCst);
        name
    }
}

impl Drop for Interrupt {
    /// Signals end the process again, such as when its standard output is stuck.
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}
