//! Which follower works when: all wait in one list, where each takes little memory, and those with something to do take turns.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tracing::error;

use crate::at_work::AtWork;
use crate::errand::{Errand, Shared, unfollow};
use crate::follow::{Due, Follower};
use crate::record::Node;
use crate::source::NodeSource;
use crate::woken::Woken;

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
    nodes: Arc<[Arc<Node>]>,
    woken: Arc<Woken>,
    /// The follower of each node, unless it has something to do.
    waiting: Vec<Option<Follower<W>>>,
    /// Those that wait for a place.
    due: VecDeque<(u32, Follower<W>, Due)>,
    shared: Arc<Shared>,
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
    /// Each of the nodes, whose numbers are their indices, is followed with its watch.
    pub(crate) fn new(
        nodes: Arc<[Arc<Node>]>,
        watches: impl Iterator<Item = W>,
        woken: Arc<Woken>,
        shared: Arc<Shared>,
    ) -> (Self, RollCall) {
        let (calls, roll_calls) = mpsc::unbounded_channel();
        // The files of the others wait for no device.
        let on_disk = nodes.iter().filter(|node| !node.is_in_memory()).count();
        let at_work_at_most = (on_disk / WAITING_FOR_EACH).clamp(LEAST_AT_WORK, MOST_AT_WORK);
        let scheduler = Self {
            waiting: watches.map(|watch| Some(Follower::new(watch))).collect(),
            nodes,
            woken,
            due: VecDeque::new(),
            shared,
            places: Arc::new(Semaphore::new(at_work_at_most)),
            at_work_at_most,
            at_work: AtWork::new(),
            roll_calls,
        };
        scheduler.nodes.iter().for_each(|node| node.bell.ring());
        (scheduler, RollCall(calls))
    }

    /// Never ends. Dropping it ends all that is at work.
    pub(crate) async fn run(mut self) {
        let (woken, places) = (self.woken.clone(), self.places.clone());
        loop {
            while !self.due.is_empty()
                && let Ok(place) = places.clone().try_acquire_owned()
            {
                self.begin(place);
            }
            tokio::select! {
                biased;
                number = woken.next() => self.look(number),
                ended = self.at_work.ended() => match ended {
                    Ok((number, follower)) => self.end(number, follower),
                    Err(_) => error!("the task of one node failed unexpectedly; please report this as a bug"),
                },
                Some(call) = self.roll_calls.recv() => self.answer(call),
                Ok(place) = places.clone().acquire_owned(), if !self.due.is_empty() => self.begin(place),
            }
        }
    }

    fn answer(&mut self, call: oneshot::Sender<()>) {
        // Who was woken before the call may have come just after the last look.
        while let Some(number) = self.woken.try_next() {
            self.look(number);
        }
        // Nobody waits for it any more if the round was given up.
        let _ = call.send(());
    }

    /// Finds out what the follower of a node that was woken has to do.
    fn look(&mut self, number: u32) {
        let (node, slot) = (&self.nodes[number as usize], &mut self.waiting[number as usize]);
        node.bell.reset();
        // Whoever has something to do is looked at afterwards.
        let Some(follower) = slot else { return };
        let waker = Waker::from(node.clone());
        if let Poll::Ready(due) = follower.poll_due(node, &mut Context::from_waker(&waker)) {
            self.due.extend(slot.take().map(|follower| (number, follower, due)));
        }
    }

    fn begin(&mut self, permit: OwnedSemaphorePermit) {
        if let Some((number, follower, due)) = self.due.pop_front() {
            let place = Place { permit, places: self.at_work_at_most };
            let errand = Errand::new(self.nodes[number as usize].clone(), self.shared.clone(), follower);
            self.at_work.begin(number, errand, due, place, !self.due.is_empty());
        }
        if self.due.is_empty() {
            // All nodes at once are rare, and their places large.
            self.due.shrink_to(LEAST_AT_WORK);
        }
    }

    /// Takes back a follower that has done what it had to.
    fn end(&mut self, number: u32, follower: Follower<W>) {
        self.waiting[number as usize] = Some(follower);
        self.nodes[number as usize].bell.ring();
    }
}

impl<W> Drop for Scheduler<W> {
    fn drop(&mut self) {
        self.nodes.iter().for_each(|node| unfollow(node));
    }
}
