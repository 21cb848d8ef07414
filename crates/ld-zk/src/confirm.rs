//! The proof that sessions are live and that the latest states of their nodes are known.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::Client;
use crate::reading::{Incarnation, SessionKey};
use crate::session::{LiveSession, Session};
use crate::watch::audit;

impl Client {
    /// Proves that sessions are live and that their nodes are known. The server of a confirmed
    /// session has caught up with its leader. If a node changed before the proof, `changed()` of
    /// its [`NodeWatch`](crate::NodeWatch) is ready at the next poll. That includes changes without
    /// an event: a server drops the event while the node may not be read. A session that does not
    /// answer within `limit` is not confirmed; it is checked, and replaced if it is dead.
    ///
    /// It costs two requests a session, and one for each of its nodes unless they were asked for
    /// within the last 5 s; those may take 30 s in all before the `limit` begins. Cancel-safe.
    pub async fn confirm(&self, limit: Duration) -> Confirmed {
        let candidates = self.pool.all().into_iter().filter_map(Candidate::new);
        // The audits take long and come first, so that all proofs are of the same moment.
        let audits = candidates.map(|candidate| async move {
            let audit = audit::all(&candidate.session, &candidate.live, limit).await;
            candidate.has_passed(audit).then_some(candidate)
        });
        let audited = join_all(audits).await.into_iter().flatten();
        let mut confirmed = Confirmed::from_iter([]);
        let proofs = audited.map(|candidate| async move {
            let asked = Instant::now();
            let proof = candidate.live.answers(limit).await;
            let round_trip = asked.elapsed();
            candidate.has_passed(proof).then(|| {
                candidate.session.count(|session| session.round_trip = Some(round_trip));
                candidate.live.key
            })
        });
        confirmed.sessions = join_all(proofs).await.into_iter().flatten().collect();
        confirmed
    }
}

/// The sessions that were proved to be live by [`Client::confirm`].
#[derive(Debug, Clone)]
pub struct Confirmed {
    sessions: BTreeSet<SessionKey>,
    asked: Instant,
    /// The same by the clock that also counts while the machine is suspended.
    asked_since_boot: Duration,
}

impl FromIterator<SessionKey> for Confirmed {
    /// Sessions that are known by other means to be live right now.
    fn from_iter<I: IntoIterator<Item = SessionKey>>(sessions: I) -> Self {
        let (asked, asked_since_boot) = (Instant::now(), since_boot());
        Self { sessions: sessions.into_iter().collect(), asked, asked_since_boot }
    }
}

impl Confirmed {
    /// Whether `session` was proved to be live.
    pub fn covers(&self, session: SessionKey) -> bool {
        self.sessions.contains(&session)
    }

    /// How long ago the proof was asked for: what happened since is not covered. That includes the
    /// time that the process stood still, stopped or suspended with its machine.
    pub fn age(&self) -> Duration {
        self.asked.elapsed().max(since_boot().saturating_sub(self.asked_since_boot))
    }
}

fn since_boot() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

/// A session that is live before it is tested.
struct Candidate {
    session: Arc<Session>,
    live: Arc<LiveSession>,
    incarnation: Incarnation,
}

impl Candidate {
    fn new(session: Arc<Session>) -> Option<Self> {
        let live = session.live()?;
        let incarnation = live.incarnation();
        Some(Self { session, live, incarnation })
    }

    /// Whether the test was passed, and the session is still live, without a resume meanwhile. One
    /// that has failed is suspected to be dead.
    fn has_passed(&self, passed: bool) -> bool {
        if !passed {
            self.live.suspect.notify_one();
        }
        passed && self.session.live().is_some_and(|live| live.incarnation() == self.incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_grows_old_while_the_machine_is_suspended() {
        let mut confirmed = Confirmed::from_iter([SessionKey::unique()]);
        // The other clock stood still for so long, which is less than any uptime.
        let suspended = Duration::from_secs(1);
        confirmed.asked_since_boot = confirmed.asked_since_boot.saturating_sub(suspended);
        assert!(confirmed.age() >= suspended);
    }

    #[tokio::test(start_paused = true)]
    async fn a_proof_grows_old_by_the_clock_of_tests() {
        let confirmed = Confirmed::from_iter([SessionKey::unique()]);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(confirmed.age() >= Duration::from_secs(60));
    }
}
