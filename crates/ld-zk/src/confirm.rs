//! The proof that sessions are live and that what is known of their nodes is all there is to know.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::Client;
use crate::reading::SessionKey;
use crate::session::{LiveSession, Session};
use crate::watch::audit;

impl Client {
    /// Proves that sessions are live and that their nodes are known: a confirmed session's server
    /// has caught up with its leader, and each [`NodeWatch`](crate::NodeWatch) whose node changed
    /// before the proof has its `changed()` ready at the next poll. That includes changes whose
    /// event the server has dropped, as it does while the node may not be read. A session that does
    /// not answer within `limit` is not confirmed, and is checked and replaced when it is dead.
    ///
    /// It costs two requests a session, and one for each of its nodes unless they were asked for
    /// within the last 5 s; those may take 30 s in all before the `limit` begins. Cancel-safe.
    pub async fn confirm(&self, limit: Duration) -> Confirmed {
        let candidates: Vec<_> = self.pool().all().into_iter().filter_map(Candidate::new).collect();
        // The long part of all of them comes first, so that all proofs are of the same moment.
        let audits =
            candidates.iter().map(|Candidate { session, live, .. }| audit::all(session, live, limit));
        let audited = those_that_passed(join_all(audits).await, candidates);
        let asked = Instant::now();
        let proofs = audited.iter().map(|candidate| candidate.live.answers(limit));
        let proved = those_that_passed(join_all(proofs).await, audited);
        Confirmed { sessions: proved.iter().map(|candidate| candidate.live.key).collect(), asked }
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

    /// How long ago the proof was asked for: what happened since is not covered. The proof is worth
    /// nothing any more if the process stood still meanwhile (stopped, suspended).
    pub fn age(&self) -> Duration {
        self.asked.elapsed()
    }
}

/// A session that is live before it is tested.
struct Candidate {
    session: Arc<Session>,
    live: Arc<LiveSession>,
    /// How often it was resumed: another server may have answered since.
    resumes: u32,
}

impl Candidate {
    fn new(session: Arc<Session>) -> Option<Self> {
        let live = session.live()?;
        let resumes = live.resumes();
        Some(Self { session, live, resumes })
    }

    fn is_live(&self) -> bool {
        let is_same = |live: Arc<LiveSession>| live.key == self.live.key && live.resumes() == self.resumes;
        self.session.live().is_some_and(is_same)
    }
}

/// The candidates that passed their test and are still live, without a resume meanwhile. One that failed is suspected to be
/// dead.
fn those_that_passed(passed: Vec<bool>, candidates: Vec<Candidate>) -> Vec<Candidate> {
    let judged = passed.into_iter().zip(candidates);
    let still_live = judged.filter(|(passed, candidate)| {
        if !passed {
            candidate.live.suspect.notify_one();
        }
        *passed && candidate.is_live()
    });
    still_live.map(|(_, candidate)| candidate).collect()
}
