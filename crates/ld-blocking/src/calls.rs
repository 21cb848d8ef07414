//! Calls of one kind: a few at a time, each with a limit for its caller.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use crate::Spawner;

/// Blocking calls of one kind. Clones share the threads.
#[derive(Debug, Clone)]
pub struct BoundedCalls {
    what: Arc<str>,
    spawner: Spawner,
    permits: Arc<Semaphore>,
    /// When each call in flight began, oldest first.
    began: Arc<Mutex<Vec<SystemTime>>>,
}

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The call, or an earlier one that it had to wait for, did not return within the limit.
    #[error("{what} has hung since {}", humantime::format_rfc3339_seconds(*since))]
    Hung {
        /// What the calls do, as given to [`BoundedCalls::new`].
        what: Arc<str>,
        /// When the oldest call in flight began.
        since: SystemTime,
    },
    /// The system refused a thread; the call was not made.
    #[error("{what}: the system refuses a thread: {source}")]
    NoThread {
        /// What the calls do.
        what: Arc<str>,
        /// What the system said.
        source: io::Error,
    },
    /// The call panicked.
    #[error("{what} failed unexpectedly; please report this as a bug")]
    Panicked {
        /// What the calls do.
        what: Arc<str>,
    },
}

impl BoundedCalls {
    /// At most `most` calls at a time, and so at most `most` threads. `what` says what they do, as
    /// in "reading /etc/secrets.json".
    pub fn new(what: impl Into<Arc<str>>, spawner: Spawner, most: usize) -> Self {
        Self { what: what.into(), spawner, permits: Arc::new(Semaphore::new(most)), began: Arc::default() }
    }

    /// Makes `call` on a thread of its own and waits for its result, `limit` at most. While as many
    /// calls as are allowed are in flight, it waits for one of them to return first.
    ///
    /// Cancel-safe: a call that has begun runs to its end, and its result is dropped.
    ///
    /// # Errors
    ///
    /// See [`CallError`]. After [`CallError::Hung`] the call may still be running.
    pub async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let what = || Arc::clone(&self.what);
        let answered = async {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                return Err(CallError::Panicked { what: what() });
            };
            let in_flight = InFlight::new(&self.began, permit);
            let (answer, answered) = oneshot::channel();
            let work = move || {
                let result = catch_unwind(AssertUnwindSafe(call));
                drop(in_flight);
                // The caller may have gone on.
                let _ = answer.send(result);
            };
            self.spawner
                .spawn(&self.what, work)
                .map_err(|source| CallError::NoThread { what: what(), source })?;
            match answered.await {
                Ok(Ok(result)) => Ok(result),
                _ => Err(CallError::Panicked { what: what() }),
            }
        };
        timeout(limit, answered).await.unwrap_or_else(|_| {
            let since = self.oldest().unwrap_or_else(SystemTime::now);
            Err(CallError::Hung { what: what(), since })
        })
    }

    /// When the oldest call in flight began; `None` if there is none.
    pub fn oldest(&self) -> Option<SystemTime> {
        lock(&self.began).first().copied()
    }
}

/// A call in flight: counted until its thread is done with it.
struct InFlight {
    began: Arc<Mutex<Vec<SystemTime>>>,
    since: SystemTime,
    _permit: OwnedSemaphorePermit,
}

impl InFlight {
    fn new(began: &Arc<Mutex<Vec<SystemTime>>>, permit: OwnedSemaphorePermit) -> Self {
        let since = SystemTime::now();
        lock(began).push(since);
        Self { began: Arc::clone(began), since, _permit: permit }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut began = lock(&self.began);
        if let Some(index) = began.iter().position(|began| *began == self.since) {
            began.remove(index);
        }
    }
}

fn lock(began: &Mutex<Vec<SystemTime>>) -> MutexGuard<'_, Vec<SystemTime>> {
    began.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn one() -> BoundedCalls {
        BoundedCalls::new("looking", Spawner::Threads, 1)
    }

    #[tokio::test]
    async fn what_is_done_may_have_any_name() {
        let calls = BoundedCalls::new("the hook of a\0b", Spawner::Threads, 1);
        assert_eq!(calls.run(LIMIT, || 1).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_call_gives_its_result() {
        assert_eq!(one().run(LIMIT, || 1 + 1).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_hung_call_is_not_started_again_and_heals() {
        let calls = one();
        let (release, hang) = mpsc::channel::<()>();
        let error = calls.run(Duration::from_millis(20), move || hang.recv()).await.unwrap_err();
        assert!(error.to_string().starts_with("looking has hung since 20"), "{error}");
        let began = calls.oldest().expect("it is in flight");

        let error = calls.run(Duration::from_millis(20), || unreachable!("a second call")).await;
        assert!(matches!(error, Err(CallError::Hung { since, .. }) if since == began));

        drop(release);
        assert_eq!(calls.run(LIMIT, || 3).await.unwrap(), 3);
        assert_eq!(calls.oldest(), None);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_the_thread() {
        let calls = one();
        let error = calls.run(LIMIT, || panic!("a panic that the test expects")).await.unwrap_err();
        assert!(matches!(error, CallError::Panicked { .. }));
        assert_eq!(calls.run(LIMIT, || 3).await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_stands_still_during_a_call_on_the_runtime() {
        let calls = BoundedCalls::new("looking", Spawner::Runtime, 1);
        let slow = || std::thread::sleep(Duration::from_millis(50));
        assert!(calls.run(Duration::from_millis(1), slow).await.is_ok());
    }
}
