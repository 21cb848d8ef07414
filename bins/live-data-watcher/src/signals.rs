//! Signals: SIGTERM and SIGINT end the process, SIGHUP reloads, SIGCHLD reaps.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{getpid, set_child_subreaper};
use signal_hook::consts::SIGHUP;
use signal_hook::flag;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{debug, info};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// End the process; with the name of the signal.
    End(&'static str),
    /// Read the configuration again.
    Reload,
}

/// A SIGHUP that came before [`Signals::listen`]. Without it, such a signal would end the process.
pub(crate) struct EarlyReload(Arc<AtomicBool>);

impl EarlyReload {
    /// Keeps SIGHUP from now on. Needs no runtime and starts no thread.
    ///
    /// # Errors
    ///
    /// The system refuses a handler.
    pub(crate) fn keep() -> io::Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        flag::register(SIGHUP, Arc::clone(&came))?;
        Ok(Self(came))
    }
}

/// The signals that the watcher hears.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// A SIGHUP came before `hang_up` listened.
    is_reload_due: bool,
    child: Signal,
}

impl Signals {
    /// Listens from now on, after `early`. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system refuses a handler.
    pub(crate) fn listen(early: &EarlyReload) -> io::Result<Self> {
        let mut listening = Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            is_reload_due: false,
            child: signal(SignalKind::child())?,
        };
        // Both may have heard one signal. A second reload changes nothing.
        listening.is_reload_due = early.0.load(Ordering::SeqCst);
        // What a program leaves behind becomes our child: another parent may never wait for it.
        if let Err(cause) = set_child_subreaper(Some(getpid())) {
            debug!("what programs leave behind is not reaped here: {cause}");
        }
        // Children that the process was started with may have ended before.
        ld_program::reap_orphans();
        Ok(listening)
    }

    /// Waits for a signal that ends the process, and gives its name. Cancel-safe.
    pub(crate) async fn end(&mut self) -> &'static str {
        loop {
            match self.next().await {
                Event::End(name) => return name,
                Event::Reload => info!("SIGHUP: there is nothing to reload with --once"),
            }
        }
    }

    /// Waits for a signal that ends the process, while a reload runs. A SIGHUP that comes meanwhile
    /// is kept for [`next`](Self::next). Reaps orphans. Cancel-safe.
    pub(crate) async fn end_while_reloading(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.child.recv() => ld_program::reap_orphans(),
            }
        }
    }

    /// Waits for a signal that asks for something. Reaps orphans meanwhile. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Event {
        if mem::take(&mut self.is_reload_due) {
            return Event::Reload;
        }
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Event::End("SIGTERM"),
                _ = self.interrupt.recv() => return Event::End("SIGINT"),
                _ = self.hang_up.recv() => return Event::Reload,
                _ = self.child.recv() => ld_program::reap_orphans(),
            }
        }
    }
}
