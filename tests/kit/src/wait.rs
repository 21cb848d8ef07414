//! Waiting for a condition with a deadline, so that no test sleeps for a fixed time.

use std::thread;
use std::time::{Duration, Instant};

/// Time between two checks of a condition.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Waits until `condition` holds.
///
/// It blocks the thread, so an async test needs a runtime with several threads.
///
/// # Panics
///
/// When it does not hold within `limit`; the message names `what`.
#[track_caller]
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, limit, || condition().then_some(()));
}

/// Waits until `probe` returns a value, and returns it. Blocks the thread, as [`wait_until`] does.
///
/// # Panics
///
/// When there is no value within `limit`; the message names `what`.
#[track_caller]
pub fn wait_for<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain: {what}");
        thread::sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use super::*;

    #[test]
    fn a_condition_that_comes_true_ends_the_wait() {
        let mut looks = 0;
        wait_until("the third look", Duration::from_secs(10), || {
            looks += 1;
            looks == 3
        });
        assert_eq!(looks, 3);
    }

    #[test]
    fn a_condition_that_never_holds_panics_with_its_name() {
        let message = panic::catch_unwind(|| {
            wait_until("pigs to fly", Duration::from_millis(20), || false);
        })
        .unwrap_err();
        assert!(message.downcast_ref::<String>().unwrap().contains("pigs to fly"));
    }
}
