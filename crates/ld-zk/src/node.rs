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
use crate::watched::{Seen, Version, Watched};
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
    client: Client,
    lane: Arc<Lane>,
    watched: Arc<Watched>,
    poll: Option<Pin<Box<Sleep>>>,
    /// Since the last reading. Boxed, since few nodes have any.
    trouble: Option<Box<Trouble>>,
    stale: bool,
    last: Option<Last>,
    present_in: Option<SessionKey>,
    length: Length,
    without_auth: bool,
}

/// What the last reading depended on.
#[derive(Debug, Clone, Copy)]
struct Last {
    session: SessionKey,
    lacks_evidence: bool,
    closed: bool,
}

impl NodeWatch {
    pub(crate) fn new(client: Client, lane: Arc<Lane>, path: Arc<str>) -> Self {
        let watched = Watched::new(path);
        lane.turns.add(&watched);
        Self {
            client,
            lane,
            watched,
            poll: None,
            trouble: None,
            stale: true,
            last: None,
            present_in: None,
            length: Length::default(),
            without_auth: false,
        }
    }

    /// The node's path below the chroot.
    pub fn path(&self) -> &str {
        &self.watched.path
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
        self.stale = self.stale || told || is_ready(&mut self.poll, context) || self.is_outdated();
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
        if matches!(*self.lane.line(), Line::Down) {
            return Poll::Pending;
        }
        self.trouble.as_mut().map_or(Poll::Ready(()), |trouble| trouble.poll_due(context))
    }

    /// Tries to read the node once, as [`read`](Self::read) does; `None` when that has to be tried again, once
    /// [`poll_readable`](Self::poll_readable) says so.
    pub async fn try_read(&mut self) -> Option<Reading> {
        let line = self.lane.line().clone();
        let live = match line {
            Line::Up(live) => live,
            Line::Down => return None,
            Line::Closed => return Some(self.closed()),
        };
        // Later, after a lost session, most of what is to be read is known already, and to be watched again matters more.
        if self.last.is_none()
            && let Some((data, stat)) =
                bulk::read(&self.client, &self.lane, &live, &self.watched, self.length.get()).await
        {
            let reading = self.settle(NodeState::Present { data, stat }, None, &live);
            self.lane.unarmed.add(Arc::clone(&self.watched));
            return Some(reading);
        }
        let shared = self.client.shared();
        // Every node may wait here at once. Boxed, what follows takes memory only for those whose turn it is.
        let turn = shared.reads.turn().await;
        let attempt = Box::pin(async {
            tokio::select! {
                attempt = attempt::read(shared, &live, &self.watched.path, self.length.get()) => Some(attempt),
                () = self.lane.down(live.key, &self.watched) => None,
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
        match self.trouble.get_or_insert_default().judge(fault.blame()) {
            Judgement::TheNodes => {
                let error = fault.into_error(self.path());
                Some(self.settle(NodeState::Unreadable(Unreadable::Other(error)), None, live))
            }
            Judgement::Passing { suspicious } => {
                if suspicious {
                    self.lane.suspect.notify_one();
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
        let live = self.lane.live()?;
        self.last.filter(|last| last.session == live.key).map(|last| last.session)
    }

    fn is_outdated(&self) -> bool {
        let view = self.lane.view();
        let Some(last) = self.last else { return true };
        let believed_now = last.lacks_evidence && view.evidence == Evidence::Present;
        let new_session = view.session.is_some_and(|session| session != last.session);
        (view.closed && !last.closed) || new_session || believed_now
    }

    /// Takes over what an attempt found.
    fn settle(&mut self, mut state: NodeState, armed: Option<Armed>, live: &Live) -> Reading {
        let mut lacks_evidence = false;
        match &mut state {
            NodeState::Present { data, .. } => {
                let before = std::mem::replace(&mut self.length, Length::of(data.len()));
                if before.get().is_none() {
                    self.client.shared().budget.learn(data.len());
                }
                self.present_in = Some(live.key);
            }
            NodeState::Absent(absence) => {
                *absence = self.believe(live);
                lacks_evidence = !live.read_only && matches!(absence, Absence::Unconfirmed { .. });
            }
            NodeState::Unreadable(_) => {}
        }
        let version = match &state {
            NodeState::Present { stat, .. } => Some(Version::new(stat.czxid, stat.mzxid)),
            NodeState::Absent(_) => Some(Version::ABSENT),
            NodeState::Unreadable(_) => None,
        };
        self.watched.saw(version.map(|version| Seen { session: live.key, version }), armed);
        self.count_without_auth(matches!(state, NodeState::Unreadable(Unreadable::NoAuth)));
        self.poll = matches!(state, NodeState::Unreadable(_))
            .then(|| Box::pin(sleep_until(self.client.shared().polls.next())));
        self.trouble = None;
        self.stale = false;
        self.last = Some(Last { session: live.key, lacks_evidence, closed: false });
        Reading { state, session: live.key, read_only: live.read_only }
    }

    fn believe(&self, live: &Live) -> Absence {
        if live.read_only {
            return Absence::Unconfirmed { reason: Arc::from("a read-only server says so") };
        }
        if self.present_in == Some(live.key) {
            return Absence::Deleted;
        }
        match &self.lane.view().evidence {
            Evidence::Present => Absence::Confirmed,
            Evidence::Unknown => {
                Absence::Unconfirmed { reason: Arc::from("the ensemble was not looked at yet") }
            }
            Evidence::Missing(reason) => Absence::Unconfirmed { reason: Arc::clone(reason) },
        }
    }

    fn closed(&mut self) -> Reading {
        let session = SessionKey::unique();
        self.watched.saw(None, None);
        self.poll = None;
        self.trouble = None;
        self.stale = false;
        self.last = Some(Last { session, lacks_evidence: false, closed: true });
        let state = NodeState::Unreadable(Unreadable::Other(Error::Closed));
        Reading { state, session, read_only: false }
    }

    fn count_without_auth(&mut self, without_auth: bool) {
        if self.without_auth != without_auth {
            self.without_auth = without_auth;
            let credentials = &self.client.shared().credentials;
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
        self.lane.give(Lane::cost(&self.client.shared().config.chroot, &self.watched.path));
    }
}

impl fmt::Debug for NodeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("NodeWatch");
        text.field("path", &self.watched.path).field("lane", &self.lane.id).field("stale", &self.stale);
        text.finish_non_exhaustive()
    }
}

/// Polls the future, if there is one, and drops it when it is done.
fn is_ready(future: &mut Option<impl Future<Output = ()> + Unpin>, context: &mut Context<'_>) -> bool {
    let ready = future.as_mut().is_some_and(|future| Pin::new(future).poll(context).is_ready());
    if ready {
        *future = None;
    }
    ready
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_of_them_are_cheap() {
        assert!(size_of::<NodeWatch>() <= 72, "{}", size_of::<NodeWatch>());
    }
}
