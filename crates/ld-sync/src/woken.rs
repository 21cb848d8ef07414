//! Which nodes have something to say: each once, in the order in which they were woken.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;

/// For how many nodes room is kept after a burst.
const KEPT: usize = 1024;

/// The nodes that were woken and not looked at since, by their numbers.
#[derive(Default)]
pub(crate) struct Woken {
    queue: Mutex<VecDeque<u32>>,
    scheduler: AtomicWaker,
}

impl Woken {
    /// Waits for the next. Only one may wait.
    pub(crate) async fn next(&self) -> u32 {
        poll_fn(|context| {
            if let Some(number) = self.try_next() {
                return Poll::Ready(number);
            }
            self.scheduler.register(context.waker());
            // Whoever came in between has woken nobody.
            self.try_next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// The next, if there is one.
    pub(crate) fn try_next(&self) -> Option<u32> {
        let mut queue = self.queue();
        let next = queue.pop_front();
        if next.is_none() && queue.capacity() > KEPT {
            queue.shrink_to(KEPT);
        }
        next
    }

    fn push(&self, number: u32) {
        self.queue().push_back(number);
        self.scheduler.wake();
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<u32>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a node is woken with.
pub(crate) struct Bell {
    woken: Arc<Woken>,
    number: u32,
    /// The node is among the woken, or known to have something to do.
    rung: AtomicBool,
}

impl Bell {
    /// The bell of the node with that number.
    pub(crate) fn new(woken: &Arc<Woken>, number: u32) -> Self {
        Self { woken: woken.clone(), number, rung: AtomicBool::new(false) }
    }

    /// The number of the node.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The node may have something to say.
    pub(crate) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.woken.push(self.number);
        }
    }

    /// From now on it can be rung again: call this before whatever may ring it is looked at.
    pub(crate) fn reset(&self) {
        self.rung.swap(false, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bells() -> (Arc<Woken>, [Bell; 3]) {
        let woken = Arc::new(Woken::default());
        let bells = [0, 1, 2].map(|number| Bell::new(&woken, number));
        (woken, bells)
    }

    fn all(woken: &Woken) -> Vec<u32> {
        std::iter::from_fn(|| woken.try_next()).collect()
    }

    #[test]
    fn nodes_come_once_each_in_the_order_in_which_they_were_woken() {
        let (woken, bells) = bells();
        assert!(all(&woken).is_empty());
        for bell in [&bells[2], &bells[0], &bells[2], &bells[0]] {
            bell.ring();
        }
        assert_eq!(all(&woken), [2, 0]);
    }

    #[test]
    fn a_node_is_not_woken_again_before_its_bell_is_reset_and_misses_nothing_afterwards() {
        let (woken, [bell, ..]) = bells();
        bell.ring();
        assert_eq!(all(&woken), [0]);
        bell.ring();
        assert!(all(&woken).is_empty());
        bell.reset();
        bell.ring();
        assert_eq!(all(&woken), [0]);
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let (woken, [_, bell, _]) = bells();
        let waiting = tokio::spawn({
            let woken = woken.clone();
            async move { woken.next().await }
        });
        tokio::task::yield_now().await;
        bell.ring();
        assert_eq!(waiting.await.unwrap(), 1);
    }

    #[test]
    fn a_burst_leaves_no_room_behind() {
        let woken = Arc::new(Woken::default());
        (0..100_000).for_each(|number| Bell::new(&woken, number).ring());
        assert_eq!(all(&woken).len(), 100_000);
        assert!(woken.queue().capacity() <= 2 * KEPT);
    }
}
