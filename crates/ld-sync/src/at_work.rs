//! The followers that work: each in a task of its own, but for one that is alone.

use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;
use tokio::task::JoinSet;

use crate::errand::Errand;
use crate::follow::{Due, Follower};
use crate::scheduler::Place;
use crate::source::NodeSource;

/// Dropping it ends all of them.
pub(crate) struct AtWork<W> {
    tasks: JoinSet<Ended<W>>,
    /// It works in the scheduler's own task: nobody else has to wait for it, and no thread to be woken.
    alone: Option<Lone<W>>,
}

/// The number of the node, and its follower.
type Ended<W> = (u32, Follower<W>);

type Lone<W> = Pin<Box<dyn Future<Output = Result<Ended<W>, Panicked>> + Send>>;

/// The work of a follower ended it.
pub(crate) struct Panicked;

impl<W: NodeSource> AtWork<W> {
    pub(crate) fn new() -> Self {
        Self { tasks: JoinSet::new(), alone: None }
    }

    /// Has the follower of the node with that `number` do what is due. Whether `others` wait for a place decides where.
    pub(crate) fn begin(&mut self, number: u32, errand: Errand<W>, due: Due, place: Place, others: bool) {
        let alone = place.is_only() && !others && self.alone.is_none();
        let work = async move { (number, errand.run(due, place).await) };
        if alone {
            let work = AssertUnwindSafe(work).catch_unwind();
            self.alone = Some(Box::pin(work.map(|ended| ended.map_err(|_| Panicked))));
        } else {
            self.tasks.spawn(work);
        }
    }

    /// Waits for one to end its work; for ever if there is none. Cancel-safe.
    pub(crate) async fn ended(&mut self) -> Result<Ended<W>, Panicked> {
        let Self { tasks, alone } = self;
        let lone = async {
            match alone {
                Some(work) => work.await,
                None => pending().await,
            }
        };
        tokio::select! {
            ended = lone => {
                *alone = None;
                ended
            }
            Some(ended) = tasks.join_next() => ended.map_err(|_| Panicked),
        }
    }
}
