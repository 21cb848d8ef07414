//! Bounds on time.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Runs `work` and panics if it took more than `limit`. CPU time counts: a busy machine is no
/// finding.
pub(crate) fn within<T>(limit: Duration, what: &str, work: impl FnOnce() -> T) -> T {
    let before = cpu_time();
    let result = work();
    let took = cpu_time().saturating_sub(before);
    assert!(took <= limit, "{what} took {took:?}, and the limit is {limit:?}");
    result
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("the clock does not run backwards")
}
