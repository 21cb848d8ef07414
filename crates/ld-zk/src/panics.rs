//! Panics of the ZooKeeper crate, for example on a malformed reply, cost a session and no more.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use ld_blocking::panic_message;
use zookeeper::OneshotWatcher;

/// Gives what `future` gives, or the message of its panic.
pub(crate) async fn catch_panic<T>(future: impl Future<Output = T>) -> Result<T, String> {
    // What a panic leaves in disorder belongs to a session that is dropped.
    let ended = AssertUnwindSafe(future).catch_unwind().await;
    ended.map_err(|panic| panic_message(&*panic).to_owned())
}

/// Locks what is right at every moment, so that a panic of another holder spoils nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until a watch fires. It panics when the task of its session has died: that counts, too.
pub(crate) async fn fired(watcher: OneshotWatcher) {
    drop(catch_panic(watcher.changed()).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_its_message() {
        assert_eq!(catch_panic(async { 3 }).await, Ok(3));
        let panicked = catch_panic(async { panic!("a panic that the test expects") }).await;
        assert_eq!(panicked, Err::<(), _>("a panic that the test expects".to_owned()));
    }
}
