//! Which follower works when: all wait in one set, where each takes little memory, and those with something to do take turns.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tracing::error;

use crate::at_work::AtWork;
use crate::follow::{Due, Follower};
use crate::source::NodeSource;

/// Followers that read and write at one time, at least: enough to saturate a server, and each takes some kilobytes.
const LEAST_AT_WORK: usize = 128;

/// The most: four times as many files as all workers flush together.
const MOST_AT_WORK: usize = 1024;

/// Of those whose files are on a disk, which flushes many at once for little more than one, one in so many is at work at one time.
const WAITING_FOR_EACH: usize = 8;

/// A follower's place among those at work.
pub(crate) struct Place {
    permit: OwnedSemaphorePermit,
    /// How many there are in all.
    places: usize,
}

impl Place {
    /// Whether nobody else is at work that has not given its place back.
    pub(crate) fn is_only(&self) -> bool {
        self.permit.semaphore().available_permits() == self.places - 1
    }
}

/// All followers of an engine.
pub(crate) struct Scheduler<W> {
    waiting: FuturesUnordered<Waiting<W>>,
    due: VecDeque<(Box<Follower<W>>, Due)>,
    places: Arc<Semaphore>,
    at_work_at_most: usize,
    at_work: AtWork<W>,
    roll_calls: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
}

/// Asks all followers to say what they know.
#[derive(Clone)]
pub(crate) struct RollCall(mpsc::UnboundedSender<oneshot::Sender<()>>);

impl RollCall {
    /// Returns when every follower that was woken before has marked its node as one with a change pending.
    pub(crate) async fn take(&self) {
        let (answer, answered) = oneshot::channel();
        // Without a scheduler there are no followers.
        if self.0.send(answer).is_ok() {
            let _ = answered.await;
        }
    }
}

impl<W: NodeSource> Scheduler<W> {
    /// Of the followers, `on_disk` have files that wait for a device.
    pub(crate) fn new(followers: impl Iterator<Item = Follower<W>>, on_disk: usize) -> (Self, RollCall) {
        let (calls, roll_calls) = mpsc::unbounded_channel();
        let at_work_at_most = (on_disk / WAITING_FOR_EACH).clamp(LEAST_AT_WORK, MOST_AT_WORK);
        let waiting: FuturesUnordered<_> = followers.map(|follower| Waiting::Node(Some(follower))).collect();
        let scheduler = Self {
            waiting,
            due: VecDeque::new(),
            places: Arc::new(Semaphore::new(at_work_at_most)),
            at_work_at_most,
            at_work: AtWork::new(),
            roll_calls,
        };
        (scheduler, RollCall(calls))
    }

    /// Never ends. Dropping it ends all that is at work.
    pub(crate) async fn run(mut self) {
        loop {
            while !self.due.is_empty()
                && let Ok(place) = self.places.clone().try_acquire_owned()
            {
                self.begin(place);
            }
            let places = self.places.clone();
            tokio::select! {
                biased;
                Some(woken) = self.waiting.next() => match woken {
                    Woken::Node(follower, due) => self.due.push_back((follower, due)),
                    // Nobody waits for it any more if the round was given up.
                    Woken::RollCall(answer) => _ = answer.send(()),
                },
                ended = self.at_work.ended() => match ended {
                    Ok(follower) => self.waiting.push(Waiting::Node(Some(*follower))),
                    Err(_) => error!("the task of one node failed unexpectedly; please report this as a bug"),
                },
                // The set takes turns, so that all who were woken before it come before it.
                Some(call) = self.roll_calls.recv() => self.waiting.push(Waiting::RollCall(Some(call))),
                Ok(place) = places.acquire_owned(), if !self.due.is_empty() => self.begin(place),
            }
        }
    }

    fn begin(&mut self, permit: OwnedSemaphorePermit) {
        if let Some((follower, due)) = self.due.pop_front() {
            let place = Place { permit, places: self.at_work_at_most };
            self.at_work.begin(follower, due, place, !self.due.is_empty());
        }
        if self.due.is_empty() {
            // All nodes at once are rare, and their places large.
            self.due.shrink_to(LEAST_AT_WORK);
        }
    }
}

/// What waits in the set.
enum Waiting<W> {
    Node(Option<Follower<W>>),
    RollCall(Option<oneshot::Sender<()>>),
}

/// What waits no more.
enum Woken<W> {
    Node(Box<Follower<W>>, Due),
    RollCall(oneshot::Sender<()>),
}

impl<W: NodeSource> Future for Waiting<W> {
    type Output = Woken<W>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Woken<W>> {
        let woken = match &mut *self {
            Self::Node(follower) => {
                let due = match follower {
                    Some(follower) => std::task::ready!(follower.poll_due(context)),
                    None => return Poll::Pending,
                };
                follower.take().map(|follower| Woken::Node(Box::new(follower), due))
            }
            Self::RollCall(answer) => answer.take().map(Woken::RollCall),
        };
        woken.map_or(Poll::Pending, Poll::Ready)
    }
}

impl<W> Unpin for Waiting<W> {}
