//! Tasks that must not end: one that panics is started again.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use ld_blocking::panic_message;
use ld_zk::Backoff;
use tokio::time::{Instant, sleep};
use tracing::error;

/// The first and the last bound of the delay before a task is started again.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LAST_DELAY: Duration = Duration::from_secs(10);

/// A task that has run for this long has failed for a new reason, so the backoff starts again.
const HEALTHY: Duration = Duration::from_secs(60);

/// Runs what `start` makes, again and again. `failed` gets the message of each failure before the
/// task is started again.
pub(crate) async fn restarting<F: Future>(name: &str, mut start: impl FnMut() -> F, failed: impl Fn(&str)) {
    let mut backoff = Backoff::new(FIRST_DELAY, LAST_DELAY);
    loop {
        let began = Instant::now();
        let ended = AssertUnwindSafe(async { start().await }).catch_unwind().await;
        let reason = match &ended {
            Ok(_) => "it ended",
            Err(panic) => panic_message(panic.as_ref()),
        };
        let message = format!("{name} failed unexpectedly ({reason}); starting it again");
        error!("{message}; please report this as a bug");
        failed(&message);
        if began.elapsed() >= HEALTHY {
            backoff.reset();
        }
        sleep(backoff.next_delay()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again_with_backoff() {
        let (starts, failures) = (Cell::new(0), Cell::new(0));
        let start = || {
            starts.set(starts.get() + 1);
            let start = starts.get();
            async move {
                assert!(start > 3, "a panic that the test expects");
                std::future::pending::<()>().await;
            }
        };
        let failed = |error: &str| {
            assert!(error.contains("a panic that the test expects"), "{error}");
            failures.set(failures.get() + 1);
        };
        let run = restarting("a task", start, failed);
        assert!(tokio::time::timeout(LAST_DELAY * 3, run).await.is_err());
        assert_eq!((starts.get(), failures.get()), (4, 3));
    }
}
