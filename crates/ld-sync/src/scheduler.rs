//! Which follower works when: all wait in one set, where each takes little memory, and those with something to do take turns.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::error;

use crate::follow::{Due, Follower};
use crate::source::NodeSource;

/// Followers that read and write at one time: enough to saturate a server, and each takes some kilobytes.
const AT_WORK: usize = 128;

/// A follower's place among those at work.
pub(crate) struct Place(OwnedSemaphorePermit);

impl Place {
    /// Whether nobody else is at work that has not given its place back.
    pub(crate) fn is_only(&self) -> bool {
        self.0.semaphore().available_permits() == AT_WORK - 1
    }
}

/// All followers of an engine.
pub(crate) struct Scheduler<W> {
    waiting: FuturesUnordered<Waiting<W>>,
    due: VecDeque<(Box<Follower<W>>, Due)>,
    places: Arc<Semaphore>,
    at_work: JoinSet<Box<Follower<W>>>,
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
    pub(crate) fn new(followers: impl Iterator<Item = Follower<W>>) -> (Self, RollCall) {
        let (calls, roll_calls) = mpsc::unbounded_channel();
        let waiting: FuturesUnordered<_> = followers.map(|follower| Waiting::Node(Some(follower))).collect();
        let scheduler = Self {
            waiting,
            due: VecDeque::new(),
            places: Arc::new(Semaphore::new(AT_WORK)),
            at_work: JoinSet::new(),
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
                self.begin(Place(place));
            }
            let places = self.places.clone();
            tokio::select! {
                biased;
                Some(woken) = self.waiting.next() => match woken {
                    Woken::Node(follower, due) => self.due.push_back((follower, due)),
                    // Nobody waits for it any more if the round was given up.
                    Woken::RollCall(answer) => _ = answer.send(()),
                },
                Some(ended) = self.at_work.join_next() => match ended {
                    Ok(follower) => self.waiting.push(Waiting::Node(Some(*follower))),
                    Err(_) => error!("the task of one node failed unexpectedly; please report this as a bug"),
                },
                // The set takes turns, so that all who were woken before it come before it.
                Some(call) = self.roll_calls.recv() => self.waiting.push(Waiting::RollCall(Some(call))),
                Ok(place) = places.acquire_owned(), if !self.due.is_empty() => self.begin(Place(place)),
                else => std::future::pending().await,
            }
        }
    }

    fn begin(&mut self, place: Place) {
        if let Some((follower, due)) = self.due.pop_front() {
            self.at_work.spawn(follower.work(due, place));
        }
        if self.due.is_empty() {
            // All nodes at once are rare, and their places large.
            self.due.shrink_to(AT_WORK);
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
