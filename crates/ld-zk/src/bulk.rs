//! Bulk reads: the first readings of many nodes, several with one request.
//!
//! A server answers a request for many nodes with little more work than one for a single node, so that a start with many nodes is
//! much faster. No such request arms watches: [`arm`](crate::arm) does that once all have been read.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tracing::{debug, info};
use zookeeper::{Error as ZkError, MultiReadResult};

use crate::Client;
use crate::attempt::READ_LIMIT;
use crate::client::Shared;
use crate::lane::{Lane, Live};
use crate::reading::{NodeData, NodeStat};
use crate::watched::Watched;

/// How many nodes one request reads at most. More are not answered faster, and take more memory at once.
const NODES_AT_ONCE: usize = 16;
/// Fewer are read one by one, each with its watch.
const LEAST_NODES: usize = 4;
/// How many bytes an answer is expected to have at most.
const ANSWER_BYTES: usize = 256 << 10;
/// How many bytes of paths a request has at most, beside the first one: servers accept 1 MiB.
const PATH_BYTES: usize = 64 << 10;
/// How many requests of one client are in flight; until the first was answered, a single one is.
const REQUESTS_IN_FLIGHT: usize = 4;
/// How many requests may end with their connections before the first is answered. A server that does not know them says so and
/// ends the connection, so that what it said may be lost.
const LOST_BEFORE_THE_FIRST: usize = 2;
/// How long nobody asks for anything before there is nothing more to be read, as far as is known: a disk may hold up who comes next.
const QUIET: Duration = Duration::from_millis(50);

/// What the lanes of one client share.
#[derive(Debug)]
pub(crate) struct Bulk {
    requests: Semaphore,
    /// Nodes that were to be read so far.
    asked: AtomicUsize,
    /// Those of them that wait for their answers.
    waiting: AtomicUsize,
    /// A server has answered one.
    answered: AtomicBool,
    /// Requests that ended with their connections before.
    lost: AtomicUsize,
    /// The servers do not know such requests.
    refused: AtomicBool,
}

/// The nodes of one lane that wait to be read.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    workers: usize,
}

#[derive(Debug)]
struct Job {
    live: Arc<Live>,
    watched: Arc<Watched>,
    /// The bytes that it is thought to have.
    expected: usize,
    answer: oneshot::Sender<Option<Found>>,
}

/// A node that was read.
type Found = (NodeData, NodeStat);

impl Default for Bulk {
    fn default() -> Self {
        Self {
            requests: Semaphore::new(1),
            asked: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            answered: AtomicBool::new(false),
            lost: AtomicUsize::new(0),
            refused: AtomicBool::new(false),
        }
    }
}

impl Bulk {
    fn answered(&self) {
        if !self.answered.swap(true, Ordering::Relaxed) {
            self.requests.add_permits(REQUESTS_IN_FLIGHT - 1);
        }
    }

    fn lost(&self) {
        if !self.answered.load(Ordering::Relaxed)
            && self.lost.fetch_add(1, Ordering::Relaxed) + 1 >= LOST_BEFORE_THE_FIRST
        {
            self.refused();
        }
    }

    fn refused(&self) {
        if !self.refused.swap(true, Ordering::Relaxed) {
            info!("the ZooKeeper servers seem to be older than 3.6: nodes are read one by one");
        }
    }

    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Waits until no node has been read in bulk for a while.
    pub(crate) async fn quiet(&self) {
        loop {
            let asked = self.asked.load(Ordering::Relaxed);
            sleep(QUIET).await;
            if self.waiting.load(Ordering::Relaxed) == 0 && self.asked.load(Ordering::Relaxed) == asked {
                return;
            }
        }
    }
}

/// Reads a node together with others, if there are any; `None` if it has to be read by itself: it is alone, or big, or it
/// cannot be read like this. `length` is what it had last, if it was read before.
pub(crate) async fn read(
    client: &Client,
    lane: &Arc<Lane>,
    live: &Arc<Live>,
    watched: &Arc<Watched>,
    length: Option<usize>,
) -> Option<Found> {
    let shared = client.shared();
    let expected = length.unwrap_or_else(|| shared.budget.estimate());
    if expected > ANSWER_BYTES / LEAST_NODES || shared.bulk.is_refused() {
        return None;
    }
    let (answer, answered) = oneshot::channel();
    let job = Job { live: Arc::clone(live), watched: Arc::clone(watched), expected, answer };
    shared.bulk.asked.fetch_add(1, Ordering::Relaxed);
    let _waiting = Counted::new(&shared.bulk.waiting);
    if lane.bulk.submit(job) {
        client.runtime().spawn(work(Arc::clone(shared), Arc::clone(lane)));
    }
    answered.await.ok().flatten()
}

/// One of a lane's workers: ends when the queue is empty, in the same critical section that sees it so.
async fn work(shared: Arc<Shared>, lane: Arc<Lane>) {
    // A worker that ends in another way, with its runtime or by a panic, must not be missed for ever.
    let mut lost = Lost(Some(&lane.bulk));
    // All tasks that are ready now come first, so that it finds what they queue up.
    yield_now().await;
    // The semaphore is never closed.
    let _request = shared.bulk.requests.acquire().await;
    while let Some(batch) = lane.bulk.next_batch() {
        read_batch(&shared, &lane, batch).await;
        // Those who were answered now make room for others.
        yield_now().await;
    }
    lost.0 = None;
}

async fn read_batch(shared: &Shared, lane: &Lane, mut batch: Vec<Job>) {
    let Some(live) = batch.first().map(|job| Arc::clone(&job.live)) else { return };
    let mut reader = live.client.new_multi_reader();
    // A path that the client does not take is for the reading of that node to complain of.
    batch.retain(|job| reader.add_get_data(job.watched.path()).is_ok());
    if batch.len() < LEAST_NODES || shared.bulk.is_refused() {
        return;
    }
    let _turns = shared.reads.turns(batch.len()).await;
    let mut reserved = shared.budget.reserve(batch.iter().map(|job| job.expected).sum()).await;
    if !lane.line().is_up(live.key) {
        return;
    }
    // Nodes without an answer are read by themselves, which finds out what is wrong.
    let answers = tokio::select! {
        biased;
        answers = timeout(READ_LIMIT, reader.commit()) => answers,
        () = lane.left(live.key) => return shared.bulk.lost(),
    };
    let answers = match answers {
        Ok(Ok(answers)) => answers,
        Ok(Err(ZkError::Unimplemented)) => return shared.bulk.refused(),
        Ok(Err(error)) => {
            debug!("a bulk read failed: {error}");
            return shared.bulk.lost();
        }
        Err(_) => return,
    };
    shared.bulk.answered();
    for (job, answer) in batch.into_iter().zip(answers) {
        let MultiReadResult::Data { data, stat } = answer else { continue };
        let mut reserved = reserved.split(job.expected);
        if reserved.correct(data.len()) {
            let found = (NodeData::new(data, reserved), NodeStat::from(&stat));
            // Nobody waits for it any more if the reading was given up.
            let _ = job.answer.send(Some(found));
        } else {
            // Much more than was thought, and others hold the rest.
            shared.budget.learn(data.len());
        }
    }
}

impl Queue {
    /// Queues the job. Returns whether it needs another worker, who is counted already.
    fn submit(&self, job: Job) -> bool {
        let mut waiting = self.lock();
        waiting.jobs.push_back(job);
        let fills_one = waiting.jobs.len() >= NODES_AT_ONCE;
        let needs_worker = waiting.workers == 0 || fills_one && waiting.workers < REQUESTS_IN_FLIGHT;
        waiting.workers += usize::from(needs_worker);
        needs_worker
    }

    /// The next nodes of one session that fit into one request, beginning with one that fits always. Few are left to another
    /// worker, if there is one: by the time its answer has come there will be more.
    fn next_batch(&self) -> Option<Vec<Job>> {
        let mut waiting = self.lock();
        if waiting.jobs.len() < NODES_AT_ONCE && waiting.workers > 1 {
            waiting.workers -= 1;
            return None;
        }
        let (mut batch, mut bytes, mut path_bytes) = (Vec::<Job>::new(), 0, 0);
        while let Some(job) = waiting.jobs.pop_front() {
            if job.answer.is_closed() {
                continue;
            }
            bytes += job.expected;
            let fits = batch.len() < NODES_AT_ONCE && bytes <= ANSWER_BYTES && path_bytes <= PATH_BYTES;
            if batch.first().is_some_and(|first| !fits || first.live.key != job.live.key) {
                waiting.jobs.push_front(job);
                break;
            }
            path_bytes += job.watched.path().len();
            batch.push(job);
        }
        if batch.is_empty() {
            waiting.workers -= 1;
            return None;
        }
        Some(batch)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a node for as long as it waits.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A worker that has not ended by itself.
struct Lost<'a>(Option<&'a Queue>);

impl Drop for Lost<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.lock().workers -= 1;
        }
    }
}
