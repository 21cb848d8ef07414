//! The proof that sessions are live and that what is known of their nodes is all there is to know.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::lane::{Lane, Live};
use crate::reading::SessionKey;
use crate::{Client, audit};

impl Client {
    /// Proves that sessions are live and that their nodes are known: a confirmed session's server has caught up with its
    /// leader, and every change that was made before the proof has woken its [`NodeWatch`](crate::NodeWatch), also one whose event the server has
    /// dropped (as it does while the node may not be read). A session that does not answer within `limit` is not confirmed, and
    /// is checked and replaced when it is dead.
    ///
    /// It costs two requests a session, and one for each of its nodes unless they were asked for within the last 5 s; those may
    /// take 30 s in all before the `limit` begins.
    pub async fn confirm(&self, limit: Duration) -> Confirmed {
        let runtime = self.runtime();
        let sessions = self.all_lanes().into_iter().filter_map(Session::of).collect();
        // The long part of all of them comes first, so that all proofs are of the same moment.
        let audited = those_that(runtime, sessions, move |Session { lane, live }| async move {
            audit::all(&lane, &live, limit).await
        });
        let audited = audited.await;
        let asked = Instant::now();
        let proved =
            those_that(runtime, audited, move |session| async move { session.live.answers(limit).await });
        Confirmed { sessions: proved.await.iter().map(|session| session.live.key).collect(), asked }
    }
}

/// The sessions that were proved to be live by [`Client::confirm`].
#[derive(Debug, Clone)]
pub struct Confirmed {
    sessions: BTreeSet<SessionKey>,
    asked: Instant,
}

impl FromIterator<SessionKey> for Confirmed {
    /// What a test's source of nodes confirms.
    fn from_iter<I: IntoIterator<Item = SessionKey>>(sessions: I) -> Self {
        Self { sessions: sessions.into_iter().collect(), asked: Instant::now() }
    }
}

impl Confirmed {
    /// Whether `session` was proved to be live.
    pub fn covers(&self, session: SessionKey) -> bool {
        self.sessions.contains(&session)
    }

    /// How long ago the proof was asked for: what happened since is not covered. A process that stood still meanwhile (stopped,
    /// suspended) holds a proof that is worth nothing any more.
    pub fn age(&self) -> Duration {
        self.asked.elapsed()
    }
}

/// A lane's live session.
#[derive(Clone)]
struct Session {
    lane: Arc<Lane>,
    live: Arc<Live>,
}

impl Session {
    fn of(lane: Arc<Lane>) -> Option<Self> {
        let live = lane.live()?;
        Some(Self { lane, live })
    }
}

/// The sessions that pass the test and are live afterwards. One that fails is suspected to be dead.
async fn those_that<F>(runtime: &Handle, sessions: Vec<Session>, test: impl Fn(Session) -> F) -> Vec<Session>
where
    F: Future<Output = bool> + Send + 'static,
{
    let mut tests = JoinSet::new();
    for session in sessions {
        let passes = test(session.clone());
        let result = async move {
            if !passes.await {
                session.lane.suspect.notify_one();
                return None;
            }
            let now = session.lane.live()?;
            (now.key == session.live.key).then_some(session)
        };
        tests.spawn_on(result, runtime);
    }
    tests.join_all().await.into_iter().flatten().collect()
}
