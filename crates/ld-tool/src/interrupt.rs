//! SIGINT, SIGTERM and SIGHUP: the first one asks for the end, the second one is the end.

use std::future::pending;
use std::io;
use std::process;
use std::time::Duration;

use ld_cli::Exit;
use ld_publish::Checks;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{error, warn};

use crate::failed;

/// How long a killed check, and the file that it was shown, may take to be gone.
const CHECK_LIMIT: Duration = Duration::from_secs(1);

/// Whether the user or the system has asked the process to end.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from now on, whatever the rest of the process does. `checks` are ended first: they
    /// would go on without us. It must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system refuses to tell of signals.
    pub fn listen(checks: Checks) -> io::Result<Self> {
        let mut signals = Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        };
        let (asked, seen) = watch::channel(false);
        tokio::spawn(async move {
            signals.next().await;
            if !checks.end(CHECK_LIMIT).await {
                warn!("a check has not ended within {} second; it is abandoned", CHECK_LIMIT.as_secs());
            }
            asked.send_replace(true);
            signals.next().await;
            error!("interrupted again: it may have been written, run again");
            ld_cli::flush_log();
            process::exit(1);
        });
        Ok(Self(seen))
    }

    /// Resolves when a signal has come. Cancel-safe.
    pub async fn asked(&self) {
        if self.0.clone().wait_for(|asked| *asked).await.is_err() {
            // The task that listens has ended, and with it the runtime.
            pending().await
        }
    }
}

/// What `work` gives, unless a signal comes first: then it is left where it is, since it writes
/// nothing.
///
/// # Errors
///
/// Those of `work`, and [`Exit::Failed`], logged, after a signal.
pub async fn before_any_write<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, Exit>>,
) -> Result<T, Exit> {
    tokio::select! {
        biased;
        () = interrupt.asked() => Err(failed(ld_publish::Error::Interrupted)),
        done = work => done,
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
