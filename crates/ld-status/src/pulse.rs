//! Whether a runtime still makes progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// How often the runtime shows that it makes progress.
const INTERVAL: Duration = Duration::from_secs(1);

/// A runtime without progress for this long is unhealthy.
const LIMIT: Duration = Duration::from_secs(10);

/// A task on a runtime that notes the time again and again. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Pulse {
    began: Instant,
    /// Milliseconds after `began`.
    last: Arc<AtomicU64>,
    task: AbortHandle,
}

impl Pulse {
    pub(crate) fn start(runtime: &Handle) -> Self {
        let (began, last) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let noted = Arc::clone(&last);
        let task = runtime.spawn(async move {
            loop {
                noted.store(millis(began.elapsed()), Ordering::Relaxed);
                tokio::time::sleep(INTERVAL).await;
            }
        });
        Self { began, last, task: task.abort_handle() }
    }

    /// How long ago the runtime turned.
    pub(crate) fn age(&self) -> Duration {
        let now = millis(self.began.elapsed());
        Duration::from_millis(now.saturating_sub(self.last.load(Ordering::Relaxed)))
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.age() < LIMIT
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_that_stands_still_is_unhealthy() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
        let runtime = runtime.unwrap();
        let mut pulse = Pulse::start(runtime.handle());
        assert!(pulse.is_healthy());
        pulse.task.abort();
        pulse.began -= LIMIT;
        assert!(!pulse.is_healthy());
    }
}
