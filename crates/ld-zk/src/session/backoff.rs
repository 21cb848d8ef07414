//! The pace of retries and of their log lines. Backoff is exponential with full jitter: a fleet
//! that loses its ensemble at one instant comes back spread out.

use std::time::Duration;

use tokio::time::Instant;

/// How often at most the same failure is logged again.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Delays drawn evenly from zero to a bound that doubles with each failure up to a cap.
#[derive(Debug, Clone)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    bound: Duration,
}

impl Backoff {
    /// Delays below `base` at first and below `cap` at last.
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, bound: base }
    }

    /// The next delay; the one after it may be twice as long.
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.bound.mul_f64(fastrand::f64());
        self.bound = (self.bound * 2).min(self.cap);
        delay
    }

    /// Starts again from the base.
    pub fn reset(&mut self) {
        self.bound = self.base;
    }
}

/// A delay of `mean`, give or take a fifth, so that what started together does not stay together.
pub(crate) fn jittered(mean: Duration) -> Duration {
    mean.mul_f64(0.8 + 0.4 * fastrand::f64())
}

/// Lets the same failure into the log once, and then at a bounded rate.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    last: Option<Instant>,
}

impl Throttle {
    pub(super) fn is_due(&mut self) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= LOG_INTERVAL);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_millis(100);
    const CAP: Duration = Duration::from_secs(10);

    #[test]
    fn delays_stay_below_a_bound_that_doubles_up_to_the_cap() {
        let mut backoff = Backoff::new(BASE, CAP);
        let mut bound = BASE;
        for _ in 0..20 {
            assert!(backoff.next_delay() <= bound);
            bound = (bound * 2).min(CAP);
        }
    }

    #[test]
    fn delays_spread_over_the_whole_range() {
        let delays: Vec<_> = (0..1000).map(|_| Backoff::new(CAP, CAP).next_delay()).collect();
        assert!(delays.iter().any(|delay| *delay < CAP / 10));
        assert!(delays.iter().any(|delay| *delay > CAP * 9 / 10));
    }

    #[test]
    fn reset_starts_again_from_the_base() {
        let mut backoff = Backoff::new(BASE, CAP);
        for _ in 0..20 {
            backoff.next_delay();
        }
        backoff.reset();
        assert!(backoff.next_delay() <= BASE);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        for _ in 0..1000 {
            let delay = jittered(CAP);
            assert!(delay >= CAP * 8 / 10 && delay <= CAP * 12 / 10);
        }
    }
}
