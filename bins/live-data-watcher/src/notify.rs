//! What systemd is told: ready, reloading, stopping, a status line, and that the engine turns.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_sync::{Engine, State};
use sd_notify::NotifyState;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

/// How often the status line is written, if something has changed.
const STATUS_INTERVAL: Duration = Duration::from_secs(5);

/// How long a message may take: a service manager that hangs takes none.
const SEND_LIMIT: Duration = Duration::from_secs(1);

/// The messages to the service manager. Without one, nothing is sent.
pub(crate) struct Notifier {
    is_managed: bool,
    is_ready: bool,
    /// Half of the time after which the service manager ends a process that is silent.
    watchdog: Option<Duration>,
    next_watchdog: Instant,
    next_status: Instant,
    status: String,
    calls: BoundedCalls,
    /// The warning that messages do not arrive was logged.
    has_warned: Cell<bool>,
}

/// What a service manager is told.
enum Message {
    Ready,
    Reloading,
    Stopping,
    EngineTurns,
    Status(String),
}

impl Notifier {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self {
            is_managed: std::env::var_os("NOTIFY_SOCKET").is_some(),
            is_ready: false,
            watchdog: sd_notify::watchdog_enabled().map(|limit| limit / 2),
            next_watchdog: now,
            next_status: now,
            status: String::new(),
            calls: BoundedCalls::new("telling the service manager", Spawner::Threads, 1),
            has_warned: Cell::new(false),
        }
    }

    /// Sends what is due. Resolves after each message, so call it again. Never without a service
    /// manager. Cancel-safe.
    pub(crate) async fn serve(&mut self, engine: &Engine) {
        if !self.is_managed {
            std::future::pending::<()>().await;
        }
        let due = match self.watchdog {
            Some(_) => self.next_watchdog.min(self.next_status),
            None => self.next_status,
        };
        tokio::select! {
            () = engine.settled(), if !self.is_ready => {
                self.is_ready = true;
                // Before readiness, which ends a `systemctl start`: what shows the status next must
                // not see that files wait.
                self.tell_status(engine).await;
                self.tell(Message::Ready).await;
            }
            // The runtime that the engine runs on has come to this: the engine turns.
            () = sleep_until(due) => {}
        }
        let now = Instant::now();
        if let Some(interval) = self.watchdog
            && now >= self.next_watchdog
        {
            self.next_watchdog = now + interval;
            self.tell(Message::EngineTurns).await;
        }
        if now >= self.next_status {
            self.tell_status(engine).await;
        }
    }

    async fn tell_status(&mut self, engine: &Engine) {
        self.next_status = Instant::now() + STATUS_INTERVAL;
        let status = describe(engine);
        if status != self.status {
            self.status.clone_from(&status);
            self.tell(Message::Status(status)).await;
        }
    }

    pub(crate) async fn reloading(&self) {
        self.tell(Message::Reloading).await;
    }

    pub(crate) async fn reloaded(&self) {
        self.tell(Message::Ready).await;
    }

    pub(crate) async fn stopping(&self) {
        self.tell(Message::Stopping).await;
    }

    async fn tell(&self, message: Message) {
        if self.is_managed {
            let told = self.calls.run(SEND_LIMIT, move || send(&message)).await;
            if let Err(error) = told
                .map_err(|error| error.to_string())
                .and_then(|told| told.map_err(|error| error.to_string()))
            {
                let socket = std::env::var_os("NOTIFY_SOCKET").unwrap_or_default();
                if self.has_warned.replace(true) {
                    debug!("the service manager cannot be told: {error}");
                } else {
                    warn!(
                        "the service manager at NOTIFY_SOCKET={} cannot be told: {error}",
                        socket.display()
                    );
                }
            }
        }
    }
}

/// Blocks.
fn send(message: &Message) -> io::Result<()> {
    match message {
        Message::Ready => sd_notify::notify(&[NotifyState::Ready]),
        Message::Reloading => {
            sd_notify::notify(&[NotifyState::Reloading, NotifyState::monotonic_usec_now()?])
        }
        Message::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
        Message::EngineTurns => sd_notify::notify(&[NotifyState::Watchdog]),
        Message::Status(text) => sd_notify::notify(&[NotifyState::Status(text)]),
    }
}

fn describe(engine: &Engine) -> String {
    let (mut all, mut good, mut waiting) = (0, 0, 0);
    for status in engine.statuses() {
        all += 1;
        good += usize::from(status.state.is_good());
        waiting += usize::from(status.state == State::Waiting);
    }
    match waiting {
        0 => format!("{good} of {all} files are as they should be"),
        _ => format!("{good} of {all} files are as they should be, {waiting} wait for a first answer"),
    }
}
