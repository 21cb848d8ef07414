//! The task of one node: wait, read, decide, apply, record, again.

use std::future::pending;
use std::sync::Arc;

use ld_config::{Guards, OnDelete};
use ld_file::{Destination, Disk, Owner, UserError};
use ld_zk::{NodeState, Reading, Reservation, SessionKey};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use super::decide::{aim, is_gone, too_large, unreadable};
use super::delay::Delay;
use super::last_load::{Held, LastLoad};
use super::record::Node;
use super::retry::{Attempt, Retry};
use super::shared::{Shared, owner_of};
use super::signed::Signatures;
use crate::pointer::pointer_in;
use crate::rollout::Watch;
use crate::rounds::{Proof, Rounds};
use crate::source::NodeSource;
use crate::status::State;

/// Keeps the file of one node equal to it.
pub(crate) struct Task<W> {
    pub(crate) node: Arc<Node>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) watch: Watch<W>,
    pub(crate) rounds: watch::Receiver<Rounds>,
    /// The rounds that this task has taken part in.
    pub(crate) seen: Rounds,
    /// What is known of the file. It is away while a job works on the file.
    pub(super) destination: Box<Destination>,
    /// The session in which the node was last read, if the file holds what it held then; `None`
    /// while a change may be pending.
    pub(crate) confirmed: Option<SessionKey>,
    pub(super) retry: Retry,
    /// The delay of a node with a window, from the first state that the file lacks until it is
    /// right.
    pub(super) delay: Option<Box<Delay>>,
    /// What was last loaded, for a node that holds a pointer.
    pub(super) last_load: Option<Box<LastLoad>>,
    /// For a node that asks for signatures.
    pub(super) signatures: Option<Box<Signatures<W>>>,
    /// A hang was reported since this was last set to false.
    pub(crate) hang_reported: bool,
    /// Successive repairs of changes by another process, each soon after the one before, and when
    /// the last one was.
    pub(crate) repairs: Option<(u32, Instant)>,
}

/// What a task has waited for.
enum Event {
    /// The node may have changed.
    Changed,
    /// Another node has claimed the file, or the public keys may have changed.
    Asked,
    /// A failed or delayed attempt is due.
    RetryDue,
    /// A heartbeat or a search for drift has begun.
    Round,
}

impl<W: NodeSource> Task<W> {
    pub(crate) fn new(
        node: Arc<Node>,
        shared: Arc<Shared>,
        watch: Watch<W>,
        mut rounds: watch::Receiver<Rounds>,
    ) -> Self {
        let seen = rounds.borrow_and_update().clone();
        Self {
            node,
            shared,
            watch,
            rounds,
            seen,
            destination: Box::default(),
            confirmed: None,
            retry: Retry::default(),
            delay: None,
            last_load: None,
            signatures: None,
            hang_reported: false,
            repairs: None,
        }
    }

    /// Never ends. What takes memory is boxed: most tasks wait most of the time.
    pub(crate) async fn run(&mut self) {
        loop {
            match self.next_event().await {
                Event::Changed => self.read_and_apply().await,
                Event::Asked => {
                    self.node.take_loss();
                    self.read_again();
                }
                Event::RetryDue => match self.retry.take() {
                    Some(attempt) => Box::pin(self.try_again(attempt)).await,
                    None => self.watch.refresh(),
                },
                Event::Round => Box::pin(self.take_part_in_rounds()).await,
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        let due = self.retry.due;
        let retry_due = async {
            match due {
                Some(due) => Box::pin(sleep_until(due)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            // A change comes first: the other branches rely on there being none.
            biased;
            () = self.watch.changed() => Event::Changed,
            () = self.node.asked.notified() => Event::Asked,
            () = Signatures::changed(self.signatures.as_mut()) => Event::Changed,
            () = retry_due => Event::RetryDue,
            Ok(()) = self.rounds.changed() => Event::Round,
        }
    }

    /// Has the node read again. Until then its file gets no heartbeat.
    pub(crate) fn read_again(&mut self) {
        self.confirmed = None;
        self.watch.refresh();
    }

    /// Reads the node, decides what its state means for the file, and does that.
    async fn read_and_apply(&mut self) {
        self.confirmed = None;
        // What waits for another attempt is superseded by what is read now.
        self.retry.supersede();
        if let Some(delay) = &mut self.delay {
            delay.ask();
        }
        let (disk, owner, reading) = Box::pin(self.read()).await;
        if self.delay.as_mut().is_some_and(|delay| delay.was_held_up()) {
            self.delay = None;
        }
        Box::pin(self.act_on(reading, &disk, owner)).await;
    }

    /// Finds the file system and the owner of the file before it reads the node, so that no content
    /// waits in memory for what hangs.
    async fn read(&mut self) -> (Arc<Disk>, Result<Owner, UserError>, Reading) {
        let disk = self.responsive_disk().await;
        let owner = owner_of(&self.shared.users, &self.node.config).await;
        let reading = self.watch.read().await;
        self.node.set_no_rollout(self.watch.no_rollout());
        (disk, owner, reading)
    }

    /// Does what a reading asks for.
    async fn act_on(&mut self, reading: Reading, disk: &Disk, owner: Result<Owner, UserError>) {
        self.signatures = None;
        let Reading { state, session, read_only, .. } = reading;
        match state {
            NodeState::Present { data, stat } => {
                let (content, mut reservation) = data.into_parts();
                let (content, mut memory) = (Arc::new(content), None);
                if let Some(keys) = self.node.config.verify.clone() {
                    // Reading the signature may take long: reads of other nodes need the memory.
                    drop(std::mem::take(&mut reservation));
                    memory = self.shared.held.reserve(content.len());
                    if memory.is_none() {
                        return self.retry.later(None);
                    }
                    if !Box::pin(self.is_signed(&content, &keys)).await {
                        return;
                    }
                }
                let known = self.signatures.as_ref().and_then(|signatures| signatures.hash());
                let hash = self.shared.shown_hash(&content, known).await;
                if let Some(json) = pointer_in(&content) {
                    drop(reservation);
                    let held = Held { key: self.key_of(&json), stat, hash, session, read_only };
                    return Box::pin(self.follow_pointer(&json, held, disk, owner)).await;
                }
                // What is plain has nothing to do with what was loaded before.
                self.last_load = None;
                let Some((memory, reservation)) = self.accept(disk, &content, memory, reservation).await
                else {
                    return;
                };
                match (aim(&self.node, &stat, read_only, self.existing()), owner) {
                    (Ok(aim), Ok(owner)) => {
                        let proof = Proof::of_reading(session);
                        let attempt = Attempt { content, session, stat, hash, aim, proof, memory };
                        self.apply(disk, attempt, owner, reservation).await;
                    }
                    (Ok(_), Err(error)) => self.fail(&error.to_string(), None),
                    (Err((state, why)), _) => self.leave_file(state, &why),
                }
            }
            NodeState::TooLarge { bytes, limit } => {
                self.reject(&too_large(&self.node.config.guards, bytes, limit));
            }
            NodeState::Absent(absence) => match is_gone(&absence, read_only) {
                Ok(()) if self.node.config.on_delete == OnDelete::Keep => {
                    self.keep(disk).await;
                }
                Ok(()) => self.remove(disk, self.existing()).await,
                Err((state, why)) => self.leave_file(state, &why),
            },
            NodeState::Unreadable(reason) => self.leave_file(State::Unreadable, &unreadable(&reason)),
            other => self.leave_file(State::Unreadable, &format!("the node is {other:?}; the file stays")),
        }
    }

    /// Has the content judged by the node's guards. `None` if it was not accepted.
    async fn accept(
        &mut self,
        disk: &Disk,
        content: &Arc<Vec<u8>>,
        memory: Option<OwnedSemaphorePermit>,
        reservation: Reservation,
    ) -> Option<(Option<OwnedSemaphorePermit>, Reservation)> {
        if self.node.config.guards == Guards::default() {
            return Some((memory, reservation));
        }
        // A check may take long: reads of other nodes need the memory.
        drop(reservation);
        let Some(memory) = memory.or_else(|| self.shared.held.reserve(content.len())) else {
            self.retry.later(None);
            return None;
        };
        match self.check(disk, content).await {
            Ok(()) => Some((Some(memory), Reservation::default())),
            Err(verdict) => {
                self.reject(&verdict);
                None
            }
        }
    }

    async fn try_again(&mut self, attempt: Attempt) {
        let disk = self.responsive_disk().await;
        match owner_of(&self.shared.users, &self.node.config).await {
            Ok(owner) => self.apply(&disk, attempt, owner, Reservation::default()).await,
            Err(error) => self.fail(&error.to_string(), Some(attempt)),
        }
    }
}
