//! Bounds the bytes of node data in memory, though a node's size is known only once it is there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, Semaphore};

/// The least that is reserved for a node that was never read: 1,024 such reads fill 16 MiB.
const LEAST_ESTIMATE: usize = 16 << 10;
/// The most, and the first, that is reserved for a node that was never read: ZooKeeper's default limit of a node.
const MOST_ESTIMATE: usize = 1 << 20;

/// A budget of bytes. A reservation is corrected when the true size is known. If there is no room for that, what was read is
/// let go of, and read again when there is.
#[derive(Debug)]
pub(crate) struct Budget {
    total: i64,
    free: Mutex<i64>,
    freed: Notify,
    /// Lets one reservation wait at the head, so that a big one is not starved by small ones.
    head: Semaphore,
    estimate: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Arc<Self> {
        let total = i64::try_from(bytes.max(1)).unwrap_or(i64::MAX);
        Arc::new(Self {
            total,
            free: Mutex::new(total),
            freed: Notify::new(),
            head: Semaphore::new(1),
            estimate: AtomicUsize::new(MOST_ESTIMATE),
        })
    }

    /// Waits for `bytes`, or for the whole budget when they are more than that. First come, first served.
    pub(crate) async fn reserve(self: &Arc<Self>, bytes: usize) -> Reserved {
        let wanted = i64::try_from(bytes).unwrap_or(i64::MAX).min(self.total);
        // The semaphore is never closed, so that an error cannot come.
        let _head = self.head.acquire().await;
        loop {
            {
                let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
                if *free >= wanted {
                    *free -= wanted;
                    return Reserved { budget: Arc::clone(self), bytes: wanted };
                }
            }
            self.freed.notified().await;
        }
    }

    /// What to reserve for a node that was never read, judged by those that were.
    pub(crate) fn estimate(&self) -> usize {
        self.estimate.load(Ordering::Relaxed)
    }

    /// Learns from the size of a node that was read for the first time: up at once, down slowly.
    pub(crate) fn learn(&self, bytes: usize) {
        let old = self.estimate();
        let new = bytes.max(old - old / 8 + bytes / 8).clamp(LEAST_ESTIMATE, MOST_ESTIMATE);
        self.estimate.store(new, Ordering::Relaxed);
    }

    fn give(&self, bytes: i64) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
        if bytes > 0 {
            self.freed.notify_one();
        }
    }
}

/// A part of the budget, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    budget: Arc<Budget>,
    bytes: i64,
}

impl Reserved {
    /// Gives away `bytes` of it, or what is left.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX).min(self.bytes);
        self.bytes -= bytes;
        Self { budget: Arc::clone(&self.budget), bytes }
    }

    /// Corrects the reservation to what is really held, if there is room. Never waits: the bytes are in memory already, and
    /// have to go if they do not fit.
    #[must_use]
    pub(crate) fn correct(&mut self, bytes: usize) -> bool {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        {
            let mut free = self.budget.free.lock().unwrap_or_else(PoisonError::into_inner);
            // What is bigger than the whole budget passes if it has all of it.
            let lacks = bytes.min(self.budget.total) - self.bytes;
            if lacks > 0 && lacks > *free {
                return false;
            }
            *free -= bytes - self.bytes;
        }
        if bytes < self.bytes {
            self.budget.freed.notify_one();
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.budget.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn is_held_back(budget: &Arc<Budget>, bytes: usize) -> bool {
        timeout(Duration::from_millis(10), budget.reserve(bytes)).await.is_err()
    }

    #[tokio::test]
    async fn holds_back_what_does_not_fit_until_something_is_given_back() {
        let budget = Budget::new(100);
        let first = budget.reserve(60).await;
        assert!(is_held_back(&budget, 60).await);
        drop(first);
        assert!(!is_held_back(&budget, 60).await);
    }

    #[tokio::test]
    async fn a_node_bigger_than_the_budget_passes_alone() {
        let budget = Budget::new(100);
        let small = budget.reserve(1).await;
        assert!(is_held_back(&budget, 1000).await);
        drop(small);
        let mut big = budget.reserve(1000).await;
        assert!(big.correct(1000));
        assert!(is_held_back(&budget, 1).await);
        drop(big);
        assert!(!is_held_back(&budget, 100).await);
    }

    #[tokio::test]
    async fn an_estimate_that_was_too_high_is_given_back_at_once() {
        let budget = Budget::new(100);
        let mut first = budget.reserve(100).await;
        assert!(first.correct(10));
        assert!(!is_held_back(&budget, 90).await);
    }

    #[tokio::test]
    async fn an_estimate_that_was_too_low_is_corrected_while_there_is_room_and_otherwise_refused() {
        let budget = Budget::new(100);
        let mut first = budget.reserve(10).await;
        let second = budget.reserve(50).await;
        assert!(first.correct(50));
        assert!(!first.correct(51), "the budget is never overdrawn");
        drop(second);
        assert!(first.correct(60));
        assert!(is_held_back(&budget, 41).await);
        assert!(!is_held_back(&budget, 40).await);
        drop(first);
        assert!(!is_held_back(&budget, 100).await);
    }

    #[tokio::test]
    async fn a_node_bigger_than_the_budget_that_was_not_expected_has_to_wait_for_all_of_it() {
        let budget = Budget::new(100);
        let small = budget.reserve(1).await;
        let mut big = budget.reserve(10).await;
        assert!(!big.correct(1000));
        drop((small, big));
        assert!(budget.reserve(1000).await.correct(1000));
        assert!(!is_held_back(&budget, 100).await);
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_does_not_block_the_next() {
        let budget = Budget::new(100);
        let first = budget.reserve(100).await;
        assert!(is_held_back(&budget, 100).await);
        drop(first);
        assert!(!is_held_back(&budget, 100).await);
    }

    #[test]
    fn the_estimate_falls_towards_what_is_read_and_rises_at_once() {
        let budget = Budget::new(16 << 20);
        assert_eq!(budget.estimate(), MOST_ESTIMATE);
        for _ in 0..100 {
            budget.learn(100);
        }
        assert_eq!(budget.estimate(), LEAST_ESTIMATE);
        budget.learn(900_000);
        assert_eq!(budget.estimate(), 900_000);
    }
}
