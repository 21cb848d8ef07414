//! Bounds the bytes of node data in memory. A node may grow after its size was asked.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit of the budget: a node takes at least one.
const UNIT: usize = 1 << 10;

/// A budget of bytes. A reservation is corrected when a node was changed after its size was
/// asked. If there is no room for that, what was read is dropped, and read again.
#[derive(Debug)]
pub(crate) struct Budget {
    total: u32,
    free: Arc<Semaphore>,
}

/// A part of the read budget, given back when it is dropped.
#[derive(Debug, Default)]
pub struct Reservation(Option<OwnedSemaphorePermit>);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize);
        let total = bytes.div_ceil(UNIT).clamp(1, most);
        let free = Arc::new(Semaphore::new(total));
        Self { total: total as u32, free }
    }

    /// Waits for room for `bytes`, or for the whole budget when they are more than that. First
    /// come, first served, so that a big node is not starved by small ones. Cancel-safe.
    pub(crate) async fn reserve(&self, bytes: usize) -> Reservation {
        // The semaphore is never closed, so this cannot fail.
        Reservation(Arc::clone(&self.free).acquire_many_owned(self.units(bytes)).await.ok())
    }

    /// Corrects a reservation to what is really held, if there is room. Never waits: the bytes are
    /// in memory already, and have to go if they do not fit.
    #[must_use]
    pub(crate) fn correct(&self, reservation: &mut Reservation, bytes: usize) -> bool {
        let Some(held) = &mut reservation.0 else { return true };
        let (units, before) = (self.units(bytes) as usize, held.num_permits());
        if units <= before {
            drop(held.split(before - units));
            return true;
        }
        let lacking = u32::try_from(units - before).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.free).try_acquire_many_owned(lacking);
        more.map(|more| held.merge(more)).is_ok()
    }

    fn units(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX).min(self.total)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const KIB: usize = 1 << 10;

    fn fits(budget: &Budget, kib: usize) -> bool {
        budget.reserve(kib * KIB).now_or_never().is_some()
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_until_something_is_given_back() {
        let budget = Budget::new(100 * KIB);
        let first = budget.reserve(60 * KIB).await;
        assert!(!fits(&budget, 60));
        drop(first);
        assert!(fits(&budget, 60));
    }

    #[tokio::test]
    async fn a_node_bigger_than_the_budget_passes_alone() {
        let budget = Budget::new(100 * KIB);
        let small = budget.reserve(1).await;
        assert!(!fits(&budget, 1000));
        drop(small);
        let mut big = budget.reserve(1000 * KIB).await;
        assert!(budget.correct(&mut big, 1000 * KIB));
        assert!(!fits(&budget, 1));
        drop(big);
        assert!(fits(&budget, 100));
    }

    #[tokio::test]
    async fn a_size_that_was_too_high_is_given_back_at_once() {
        let budget = Budget::new(100 * KIB);
        let mut first = budget.reserve(100 * KIB).await;
        assert!(budget.correct(&mut first, 10 * KIB));
        assert!(fits(&budget, 90));
    }

    #[tokio::test]
    async fn a_size_that_was_too_low_is_corrected_if_there_is_room() {
        let budget = Budget::new(100 * KIB);
        let mut first = budget.reserve(10 * KIB).await;
        let second = budget.reserve(50 * KIB).await;
        assert!(budget.correct(&mut first, 50 * KIB));
        assert!(!budget.correct(&mut first, 50 * KIB + 1), "the budget is never overdrawn");
        drop(second);
        assert!(budget.correct(&mut first, 60 * KIB));
        assert!(!fits(&budget, 41));
        assert!(fits(&budget, 40));
        drop(first);
        assert!(fits(&budget, 100));
    }

    #[tokio::test]
    async fn an_unexpected_giant_waits_for_the_whole_budget() {
        let budget = Budget::new(100 * KIB);
        let small = budget.reserve(1).await;
        let mut big = budget.reserve(10 * KIB).await;
        assert!(!budget.correct(&mut big, 1000 * KIB));
        drop((small, big));
        let mut big = budget.reserve(1000 * KIB).await;
        assert!(budget.correct(&mut big, 1000 * KIB));
        drop(big);
        assert!(fits(&budget, 100));
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_does_not_block_the_next() {
        let budget = Budget::new(100 * KIB);
        let first = budget.reserve(100 * KIB).await;
        assert!(!fits(&budget, 100));
        drop(first);
        assert!(fits(&budget, 100));
    }
}
