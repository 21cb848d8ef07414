//! One node's latest state, across sessions.

pub(crate) mod audit;
mod budget;
mod node;
mod node_list;
mod polls;
mod request;
mod retry;
mod set_watch;

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::sleep;

pub(crate) use budget::Budget;
pub use budget::Reservation;
pub(crate) use node_list::NodeList;
pub(crate) use polls::Polls;
pub(crate) use set_watch::SetWatch;

use crate::client::Client;
use crate::error::Error;
use crate::reading::{Absence, NodeStat, NodeState, Reading, SessionKey, Unreadable};
use crate::session::{EnsembleCheck, LiveSession, ReadContext, Session};
use node::{Node, Seen, Version};
use polls::PollPlace;
use request::{Failure, Found};
use retry::{RetryPolicy, Verdict};

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
    session: Arc<Session>,
    node: Arc<Node>,
    /// The node's number in the session's list.
    id: u64,
    context: watch::Receiver<ReadContext>,
    /// What the last reading depended on.
    basis: Basis,
    /// There may be something new.
    stale: bool,
    watch: Option<SetWatch>,
    /// The node cannot be read, and is polled.
    poll: Option<PollPlace>,
    /// Where the node was last seen to exist: session, and how often that had been resumed.
    present_in: Option<(SessionKey, u32)>,
    length: Option<usize>,
    without_auth: bool,
}

/// What a reading depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basis {
    /// There was no reading.
    Nothing,
    /// The session.
    Session(SessionKey),
    /// The session, and that the ensemble was not known to hold data.
    Unconfirmed(SessionKey),
    /// The client was closed.
    Closed,
}

impl NodeWatch {
    pub(crate) fn new(client: Client, session: Arc<Session>, path: &str) -> Self {
        let node = Node::new(path);
        Self {
            id: session.nodes.add(&node),
            context: session.context(),
            client,
            session,
            node,
            basis: Basis::Nothing,
            stale: true,
            watch: None,
            poll: None,
            present_in: None,
            length: None,
            without_auth: false,
        }
    }

    /// The node's path below the chroot.
    pub fn path(&self) -> &str {
        self.node.path()
    }

    /// Waits until the node may have changed since the last reading; resolves at once before the first one.
    /// That is: its watch fired, there is a new session, an unreadable node is due to be tried again, an
    /// absence that was not believed may be believed now, the client was closed, or
    /// [`refresh`](Self::refresh) was called. It keeps resolving at once until [`read`](Self::read) has completed.
    ///
    /// Ready at its first poll if any of that came before. Cancel-safe: dropping the future loses nothing.
    pub async fn changed(&mut self) {
        // Unconstrained: out of its cooperative budget, a task of tokio would not see at its first poll what
        // has come before, and a heartbeat would rest on that.
        tokio::task::unconstrained(async {
            while !self.stale && !self.is_outdated() {
                tokio::select! {
                    biased;
                    () = fired(&mut self.watch) => {
                        self.watch = None;
                        self.stale = true;
                    }
                    () = self.node.hint() => {}
                    // The client holds the sender, so that an error cannot come.
                    _ = self.context.changed() => {}
                }
            }
            self.stale = true;
        })
        .await;
    }

    /// Makes [`changed`](Self::changed) resolve, to read again what could not be used.
    pub fn refresh(&mut self) {
        self.stale = true;
    }

    /// Reads the node and sets its watch. It waits for a live session for as long as that takes, so select on
    /// your own shutdown; each request is bounded by 60 s, and failures of the connection are tried again. After
    /// the client was closed the node is [`Unreadable`] with [`Error::Closed`].
    ///
    /// Cancel-safe: after dropping the future [`changed`](Self::changed) resolves at once.
    pub async fn read(&mut self) -> Reading {
        self.stale = true;
        let mut retry = RetryPolicy::default();
        loop {
            let Some(live) = self.session.connected().await else { return self.closed() };
            let shared = self.client.shared();
            // Every node may wait here at once. The semaphore is never closed.
            let permit = shared.reads.acquire().await;
            let resumes = live.resumes();
            self.node.begin_reading();
            // Boxed, the attempt takes memory only for the nodes that are being read.
            let attempt = Box::pin(request::read(&shared.budget, &live, self.node.path(), self.length));
            let attempt = tokio::select! {
                attempt = attempt => attempt,
                () = self.session.disconnected(live.key) => continue,
            };
            drop(permit);
            let failure = match attempt {
                Ok((found, watch)) => return self.found(found, watch, &live, resumes),
                Err(failure) if failure.is_no_auth() => return self.unreadable(Unreadable::NoAuth, &live),
                Err(failure) => failure,
            };
            if matches!(failure, Failure::Panicked(_)) {
                live.broken.notify_one();
            }
            match retry.judge(failure.kind()) {
                Verdict::GiveUp => {
                    let error = failure.into_error(self.path());
                    return self.unreadable(Unreadable::Other(error), &live);
                }
                Verdict::Retry { after, suspicious } => {
                    if suspicious {
                        live.suspect.notify_one();
                    }
                    Box::pin(sleep(after)).await;
                }
            }
        }
    }

    fn is_outdated(&self) -> bool {
        let context = self.context.borrow();
        let other = |session| context.closed || context.session.is_some_and(|now| now != session);
        let outdated = match self.basis {
            Basis::Nothing => true,
            Basis::Session(session) => other(session),
            Basis::Unconfirmed(session) => other(session) || context.ensemble == EnsembleCheck::HoldsData,
            Basis::Closed => return false,
        };
        outdated || self.node.is_hinted()
    }

    /// Takes over what an attempt found.
    fn found(&mut self, found: Found, watch: SetWatch, live: &LiveSession, resumes: u32) -> Reading {
        self.basis = Basis::Session(live.key);
        let (state, version) = match found {
            Some((data, stat)) => {
                if self.length.replace(data.len()).is_none() {
                    self.client.shared().budget.learn(data.len());
                }
                self.present_in = Some((live.key, resumes));
                let stat = NodeStat::from(&stat);
                (NodeState::Present { data, stat }, Version::Present { mzxid: stat.mzxid })
            }
            None => {
                let absence = self.classify_absence(live, resumes);
                if !live.read_only && matches!(absence, Absence::Unconfirmed { .. }) {
                    self.basis = Basis::Unconfirmed(live.key);
                }
                (NodeState::Absent(absence), Version::Absent)
            }
        };
        self.node.saw(Some(Seen { session: live.key, version }));
        // The old watch goes only now: while two are set, dropping one costs no request.
        self.watch = Some(watch);
        self.poll = None;
        self.count_without_auth(false);
        self.stale = false;
        Reading { state, session: live.key, read_only: live.read_only }
    }

    /// How sure it is that the node, which an attempt did not find, is meant to be missing.
    fn classify_absence(&self, live: &LiveSession, resumes: u32) -> Absence {
        let context = self.context.borrow();
        // Otherwise the check was made in another session, or before a resume.
        let is_checked = context.session == Some(live.key) && live.resumes() == resumes;
        let check = if is_checked { &context.ensemble } else { &EnsembleCheck::Unknown };
        let was_seen = is_checked && self.present_in == Some((live.key, resumes));
        check.classify_absence(live.read_only, was_seen)
    }

    fn unreadable(&mut self, why: Unreadable, live: &LiveSession) -> Reading {
        self.basis = Basis::Session(live.key);
        self.node.saw(None);
        self.watch = None;
        self.poll = Some(self.client.shared().polls.add(&self.node));
        self.count_without_auth(matches!(why, Unreadable::NoAuth));
        self.stale = false;
        Reading { state: NodeState::Unreadable(why), session: live.key, read_only: live.read_only }
    }

    fn closed(&mut self) -> Reading {
        self.basis = Basis::Closed;
        self.node.saw(None);
        self.watch = None;
        self.poll = None;
        self.stale = false;
        let state = NodeState::Unreadable(Unreadable::Other(Error::Closed));
        Reading { state, session: SessionKey::unique(), read_only: false }
    }

    fn count_without_auth(&mut self, without_auth: bool) {
        if std::mem::replace(&mut self.without_auth, without_auth) != without_auth {
            let credentials = &self.client.shared().credentials;
            if without_auth {
                credentials.add_node_without_auth();
            } else {
                credentials.remove_node_without_auth();
            }
        }
    }
}

/// Waits until the watch fires, if there is one.
async fn fired(watch: &mut Option<SetWatch>) {
    match watch {
        Some(watch) => watch.fired().await,
        None => std::future::pending().await,
    }
}

impl Drop for NodeWatch {
    fn drop(&mut self) {
        self.count_without_auth(false);
        self.session.nodes.remove(self.id);
        self.session.give_room(Session::cost(&self.client.shared().config.chroot, self.node.path()));
    }
}

impl fmt::Debug for NodeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeWatch")
            .field("path", &self.path())
            .field("session", &self.session.id)
            .field("stale", &self.stale)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(value: T) -> T {
        value
    }

    async fn client() -> Client {
        let hosts = vec![ld_config::Host { name: "127.0.0.1".to_owned(), port: 1 }];
        let config = ld_config::ZooKeeperConfig { hosts, ..Default::default() };
        Client::new(&config, &Default::default(), Default::default()).unwrap()
    }

    #[tokio::test]
    async fn a_hundred_thousand_waiting_nodes_are_cheap() {
        let client = client().await;
        let mut watch = client.watch("/a");
        assert!(size_of::<NodeWatch>() + size_of::<Node>() <= 320);
        let waiting = size_of_val(&is_send(watch.changed()));
        assert!(waiting <= 512, "{waiting}");
        let reading = size_of_val(&is_send(watch.read()));
        assert!(reading <= 768, "{reading}");
        drop(is_send(client.confirm(std::time::Duration::ZERO)));
    }

    #[tokio::test]
    async fn short_lived_watches_leave_nothing_behind() {
        let client = client().await;
        for _ in 0..1000 {
            drop(client.watch("/a"));
        }
        let watch = client.watch("/b");
        assert_eq!(watch.session.nodes.all().len(), 1);
        assert_eq!(Arc::strong_count(&watch.node), 2);
    }

    #[tokio::test]
    async fn a_closed_client_resolves_each_watch_once() {
        let client = client().await;
        let mut watch = client.watch("/a");
        watch.changed().await;
        client.close(std::time::Duration::from_secs(30)).await;
        let reading = watch.read().await;
        assert!(matches!(reading.state, NodeState::Unreadable(Unreadable::Other(Error::Closed))));
        assert!(futures_util::FutureExt::now_or_never(watch.changed()).is_none());
        assert_eq!(client.connection_error().as_deref(), Some("the ZooKeeper client is closed"));
    }
}
