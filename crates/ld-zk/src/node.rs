//! One node's latest state, across sessions.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::{Sleep, sleep_until};

use crate::armed::Armed;
use crate::attempt::{self, Fault};
use crate::bulk;
use crate::lane::{Evidence, Lane, Line, Live};
use crate::length::Length;
use crate::reading::{Absence, NodeState, Reading, SessionKey, Unreadable};
use crate::trouble::{Judgement, Trouble};
use crate::watched::{Seen, SharedPath, Version, Watched};
use crate::{Client, Error};

/// One node's latest state, level-triggered and across sessions: [`changed`](Self::changed) says that there
/// may be something new, [`read`](Self::read) gives what is there then. States in between are skipped.
///
/// ```no_run
/// # async fn example(client: ld_zk::Client) {
/// let mut watch = client.watch("/live/flags");
/// loop {
///     watch.changed().await;
///     let reading = watch.read().await;
///     println!("{:?}", reading.state);
/// }
/// # }
/// ```
pub struct NodeWatch {
    seat: Arc<Seat>,
    watched: Arc<Watched>,
    /// Boxed, since few nodes have any.
    waits: Option<Box<Waits>>,
    length: Length,
    stale: bool,
    last: Last,
    /// Whether the node was seen in the session of the last reading.
    seen: bool,
    without_auth: bool,
}

/// What a node waits for beside its watch.
#[derive(Default)]
struct Waits {
    /// It cannot be read, and is polled then.
    poll: Option<Pin<Box<Sleep>>>,
    /// Since the last reading.
    trouble: Trouble,
}

/// What the last reading depended on, beside its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// There was none.
    None,
    /// Nothing.
    Sure,
    /// The ensemble was not known to hold data.
    LacksEvidence,
    /// The client was closed.
    Closed,
}

/// Where a node is watched, as all nodes of one lane hold it: they keep the client.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) client: Client,
    pub(crate) lane: Arc<Lane>,
}

impl NodeWatch {
    pub(crate) fn new(seat: Arc<Seat>, path: SharedPath) -> Self {
        let watched = Watched::new(path);
        seat.lane.turns.add(&watched);
        Self {
            seat,
            watched,
            waits: None,
            length: Length::default(),
            stale: true,
            last: Last::None,
            seen: false,
            without_auth: false,
        }
    }

    /// The node's path below the chroot.
    pub fn path(&self) -> &str {
        self.watched.path()
    }

    /// Waits until the node may have changed since the last reading; resolves at once before the first one.
    /// That is: its watch fired, there is a new session, an unreadable node is due to be tried again, an
    /// absence that was not believed may be believed now, or [`refresh`](Self::refresh) was called. It keeps
    /// resolving at once until [`read`](Self::read) has completed. Cancel-safe.
    pub async fn changed(&mut self) {
        poll_fn(|context| self.poll_changed(context)).await;
    }

    /// The same for futures written by hand: those who watch very many nodes spare what an `async` block takes for each.
    pub fn poll_changed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // Before anything else is looked at, so that no change falls between.
        let told = self.watched.poll_told(context);
        self.stale = self.stale || told || self.is_polled(context) || self.is_outdated();
        if self.stale { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Reads the node and has its watch armed. It waits for a live session for as long as that takes, so select on
    /// your own shutdown; each request is bounded, and failures of the connection are tried again. Dropping
    /// the future leaves [`changed`](Self::changed) resolving at once.
    pub async fn read(&mut self) -> Reading {
        loop {
            poll_fn(|context| self.poll_readable(context)).await;
            if let Some(reading) = self.try_read().await {
                return reading;
            }
        }
    }

    /// Waits until [`try_read`](Self::try_read) is worth a try: there is a live session, or there never will be one; and after
    /// a failed try its backoff is over.
    pub fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.watched.register(context);
        if matches!(*self.seat.lane.line(), Line::Down) {
            return Poll::Pending;
        }
        self.waits.as_mut().map_or(Poll::Ready(()), |waits| waits.trouble.poll_due(context))
    }

    /// Tries to read the node once, as [`read`](Self::read) does; `None` when that has to be tried again, once
    /// [`poll_readable`](Self::poll_readable) says so.
    pub async fn try_read(&mut self) -> Option<Reading> {
        let Seat { client, lane } = &*self.seat;
        let line = lane.line().clone();
        let live = match line {
            Line::Up(live) => live,
            Line::Down => return None,
            Line::Closed => return Some(self.closed()),
        };
        // Later, after a lost session, most of what is to be read is known already, and to be watched again matters more.
        if self.last == Last::None
            && let Some((data, stat)) =
                bulk::read(client, lane, &live, &self.watched, self.length.get()).await
        {
            let reading = self.settle(NodeState::Present { data, stat }, None, &live);
            self.seat.lane.unarmed.add(Arc::clone(&self.watched));
            return Some(reading);
        }
        let shared = client.shared();
        // Every node may wait here at once. Boxed, what follows takes memory only for those whose turn it is.
        let turn = shared.reads.turn().await;
        let attempt = Box::pin(async {
            tokio::select! {
                attempt = attempt::read(shared, &live, self.watched.path(), self.length.get()) => Some(attempt),
                () = lane.down(live.key, &self.watched) => None,
            }
        });
        let attempt = attempt.await?;
        drop(turn);
        self.take(attempt, &live)
    }

    /// The reading that an attempt gave; `None` if there has to be another one.
    fn take(&mut self, attempt: Result<(NodeState, Option<Armed>), Fault>, live: &Live) -> Option<Reading> {
        let fault = match attempt {
            Ok((state, armed)) => return Some(self.settle(state, armed, live)),
            Err(fault) if fault.is_no_auth() => {
                return Some(self.settle(NodeState::Unreadable(Unreadable::NoAuth), None, live));
            }
            Err(fault) => fault,
        };
        match self.waits.get_or_insert_default().trouble.judge(fault.blame()) {
            Judgement::TheNodes => {
                let error = fault.into_error(self.path());
                Some(self.settle(NodeState::Unreadable(Unreadable::Other(error)), None, live))
            }
            Judgement::Passing { suspicious } => {
                if suspicious {
                    self.seat.lane.suspect.notify_one();
                }
                None
            }
        }
    }

    /// Makes [`changed`](Self::changed) resolve, to read again what could not be used.
    pub fn refresh(&mut self) {
        self.stale = true;
    }

    /// The session of the last reading, if that session is live right now: connected, and not to a read-only
    /// server. It does not ask the server: see [`Client::confirm`].
    pub fn live(&self) -> Option<SessionKey> {
        let live = self.seat.lane.live()?;
        self.watched.session().filter(|session| *session == live.key)
    }

    /// Whether it cannot be read, and is to be tried again now.
    fn is_polled(&mut self, context: &mut Context<'_>) -> bool {
        let poll = self.waits.as_mut().and_then(|waits| waits.poll.as_mut());
        poll.is_some_and(|poll| poll.as_mut().poll(context).is_ready())
    }

    fn is_outdated(&self) -> bool {
        let view = self.seat.lane.view();
        let new_session = view.session.is_some() && view.session != self.watched.session();
        new_session
            || match self.last {
                Last::None => true,
                Last::Sure => view.closed,
                Last::LacksEvidence => view.closed || view.evidence == Evidence::Present,
                Last::Closed => false,
            }
    }

    /// Takes over what an attempt found.
    fn settle(&mut self, mut state: NodeState, armed: Option<Armed>, live: &Live) -> Reading {
        self.seen &= self.watched.session() == Some(live.key);
        self.last = Last::Sure;
        match &mut state {
            NodeState::Present { data, .. } => {
                let before = std::mem::replace(&mut self.length, Length::of(data.len()));
                if before.get().is_none() {
                    self.seat.client.shared().budget.learn(data.len());
                }
                self.seen = true;
            }
            NodeState::Absent(absence) => {
                *absence = self.believe(live);
                if !live.read_only && matches!(absence, Absence::Unconfirmed { .. }) {
                    self.last = Last::LacksEvidence;
                }
            }
            NodeState::Unreadable(_) => {}
        }
        let version = match &state {
            NodeState::Present { stat, .. } => Version::new(stat.mzxid),
            NodeState::Absent(_) => Version::ABSENT,
            NodeState::Unreadable(_) => Version::UNKNOWN,
        };
        self.watched.saw(Seen { session: live.key, version }, armed);
        self.count_without_auth(matches!(state, NodeState::Unreadable(Unreadable::NoAuth)));
        self.waits = matches!(state, NodeState::Unreadable(_)).then(|| {
            let poll = Box::pin(sleep_until(self.seat.client.shared().polls.next()));
            Box::new(Waits { poll: Some(poll), ..Waits::default() })
        });
        self.stale = false;
        Reading { state, session: live.key, read_only: live.read_only }
    }

    fn believe(&self, live: &Live) -> Absence {
        if live.read_only {
            return Absence::Unconfirmed { reason: Arc::from("a read-only server says so") };
        }
        if self.seen {
            return Absence::Deleted;
        }
        match &self.seat.lane.view().evidence {
            Evidence::Present => Absence::Confirmed,
            Evidence::Unknown => {
                Absence::Unconfirmed { reason: Arc::from("the ensemble was not looked at yet") }
            }
            Evidence::Missing(reason) => Absence::Unconfirmed { reason: Arc::clone(reason) },
        }
    }

    fn closed(&mut self) -> Reading {
        let session = SessionKey::unique();
        self.watched.saw(Seen { session, version: Version::UNKNOWN }, None);
        self.waits = None;
        self.stale = false;
        self.last = Last::Closed;
        let state = NodeState::Unreadable(Unreadable::Other(Error::Closed));
        Reading { state, session, read_only: false }
    }

    fn count_without_auth(&mut self, without_auth: bool) {
        if self.without_auth != without_auth {
            self.without_auth = without_auth;
            let credentials = &self.seat.client.shared().credentials;
            if without_auth {
                credentials.add_node_without_auth();
            } else {
                credentials.remove_node_without_auth();
            }
        }
    }
}

impl Drop for NodeWatch {
    fn drop(&mut self) {
        self.count_without_auth(false);
        let Seat { client, lane } = &*self.seat;
        lane.give(Lane::cost(&client.shared().config.chroot, self.watched.path()));
    }
}

impl fmt::Debug for NodeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("NodeWatch");
        text.field("path", &self.watched.path())
            .field("lane", &self.seat.lane.id)
            .field("stale", &self.stale);
        text.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_of_them_are_cheap() {
        assert!(size_of::<NodeWatch>() <= 32, "{}", size_of::<NodeWatch>());
    }
}
