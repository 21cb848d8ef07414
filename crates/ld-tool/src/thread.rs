//! Calls that may block, beside the thread that hears the signals and keeps the session alive.

use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_cli::Exit;
use ld_config::chain;
use tracing::error;

/// For what only the user can end: a terminal, a pipe, a pager.
pub const UNLIMITED: Duration = Duration::MAX;

/// Runs what may block on a thread of its own, and waits `limit` at most.
///
/// # Errors
///
/// [`Exit::Failed`], logged: it took too long, or panicked, or the system refuses a thread.
pub async fn on_a_thread<T: Send + 'static>(
    what: &'static str,
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Exit> {
    BoundedCalls::new(what, Spawner::Threads, 1).run(limit, call).await.map_err(failed)
}

/// Logs an error with its causes.
pub fn failed(cause: impl std::error::Error) -> Exit {
    error!("{}", chain(&cause));
    Exit::Failed
}
