//! Arms the watches of nodes that were read in bulk.
//!
//! A check of a node's stat arms its watch and tells whether the node is still what was read. Until then nobody says that it
//! changes, so that no heartbeat may rest on that: the audit asks for all nodes as long as there are such.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::armed::Armed;
use crate::audit::answers;
use crate::backoff::jittered;
use crate::client::Shared;
use crate::lane::{Lane, Live};
use crate::watched::{Version, Watched};

/// How many watches of a lane are armed with one round trip.
const NODES_AT_ONCE: usize = 256;
/// How many lanes do so at one time: a server takes 1,000 requests before it lets its clients wait.
pub(crate) const LANES_AT_ONCE: usize = 4;
/// How long the reading of other nodes comes first: content is what users wait for.
const READING_FIRST: Duration = Duration::from_secs(5);
/// How long until it is tried again, on average, after the session has not answered.
const RETRY: Duration = Duration::from_millis(500);

/// The nodes of a lane whose watches are to be armed. Each stays until its watch is.
#[derive(Debug, Default)]
pub(crate) struct Unarmed {
    queue: Mutex<VecDeque<Arc<Watched>>>,
    added: Notify,
}

impl Unarmed {
    pub(crate) fn add(&self, watched: Arc<Watched>) {
        self.lock().push_back(watched);
        self.added.notify_one();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn first(&self, count: usize) -> Vec<Arc<Watched>> {
        self.lock().iter().take(count).cloned().collect()
    }

    fn remove_first(&self, count: usize) {
        let mut queue = self.lock();
        queue.drain(..count);
        if queue.is_empty() {
            queue.shrink_to(NODES_AT_ONCE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Watched>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Arms watches for as long as the lane's session lasts. Never ends.
pub(crate) async fn keep(shared: &Shared, lane: &Lane, live: &Live) {
    loop {
        if !lane.unarmed.is_empty() {
            // The limit is for a client that never rests.
            let _ = timeout(READING_FIRST, shared.bulk.quiet()).await;
        }
        loop {
            let nodes = lane.unarmed.first(NODES_AT_ONCE);
            if nodes.is_empty() {
                break;
            }
            if arm(shared, live, &nodes).await {
                lane.unarmed.remove_first(nodes.len());
            } else {
                sleep(jittered(RETRY)).await;
            }
        }
        lane.unarmed.added.notified().await;
    }
}

/// Arms the watches of nodes, and wakes those that are not what was read. Returns whether the session has answered for all.
async fn arm(shared: &Shared, live: &Live, nodes: &[Arc<Watched>]) -> bool {
    // Those of a former session are read again.
    let due: Vec<_> = nodes.iter().filter_map(|node| Some((node, node.unwatched_in(live.key)?))).collect();
    // The semaphore is never closed. These are no reads: nobody waits for the answers, which are for the I/O thread to take in.
    let _turn = shared.arming.acquire().await;
    // The requests are sent here, all at once.
    let requests = due.iter().map(|(node, _)| live.client.check_and_watch_stat(node.path())).collect();
    for ((node, seen), answer) in due.into_iter().zip(answers(requests).await) {
        let Some(answer) = answer else { return false };
        match answer {
            Some((stat, watcher)) if Version::from(stat) == seen.version => {
                node.arm(seen, Armed::new(watcher));
            }
            _ => node.miss(seen),
        }
    }
    true
}
