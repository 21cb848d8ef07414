//! Whether the ensemble holds data, so that a missing node may be believed to be missing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::{error, info};
use zookeeper::Error as ZkError;

use super::{LiveSession, Session, jittered};
use crate::nodes::{SetWatch, fired};
use crate::reading::Absence;

/// How often the ensemble is checked again, on average, while it holds no data.
const RECHECK: Duration = Duration::from_secs(5);
/// How often, while the credentials do not permit the check.
const RECHECK_NO_AUTH: Duration = Duration::from_secs(10);
/// How long one check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(10);

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EnsembleCheck {
    /// It was not made yet, or not since the session was resumed.
    Unknown,
    /// The ensemble holds data.
    HoldsData,
    /// It may be the wrong one, or empty.
    Missing(Arc<str>),
}

impl EnsembleCheck {
    /// How sure it is that a node that the ensemble does not have is meant to be missing.
    pub(crate) fn classify_absence(&self, read_only: bool, was_seen: bool) -> Absence {
        let unconfirmed = |reason: &str| Absence::Unconfirmed { reason: Arc::from(reason) };
        match self {
            _ if read_only => unconfirmed("a read-only server says so"),
            _ if was_seen => Absence::Deleted,
            Self::HoldsData => Absence::Confirmed,
            Self::Unknown => unconfirmed("the ensemble has not been checked yet"),
            Self::Missing(reason) => Absence::Unconfirmed { reason: Arc::clone(reason) },
        }
    }
}

/// A check, and when it has to be made again.
pub(super) struct Check {
    found: EnsembleCheck,
    watch: Option<SetWatch>,
    recheck: Option<Duration>,
}

/// Checks whether the chroot exists, or without a chroot whether the root has a child besides
/// `zookeeper`.
pub(super) async fn check(client: &zookeeper::Client) -> Result<Check, ZkError> {
    let chroot = client.path();
    let answer = if chroot == "/" {
        client.list_and_watch_children("/").await.map(|(children, watcher)| {
            let holds_data = children.iter().any(|child| child != "zookeeper");
            // Once there is data, more or less of it does not matter.
            (holds_data, (!holds_data).then(|| SetWatch::new(watcher)))
        })
    } else {
        // The client is chrooted: below it, "/" is the chroot itself.
        let stat = client.check_and_watch_stat("/").await;
        stat.map(|(stat, watcher)| (stat.is_some(), Some(SetWatch::new(watcher))))
    };
    let (found, watch, recheck) = match answer {
        Ok((true, watch)) => (EnsembleCheck::HoldsData, watch, None),
        Ok((false, watch)) if chroot == "/" => {
            (missing("this ensemble holds no data at all"), watch, Some(RECHECK))
        }
        Ok((false, watch)) => {
            let reason = format!("the chroot {chroot} does not exist in this ensemble");
            (missing(&reason), watch, Some(RECHECK))
        }
        Err(ZkError::NoAuth) => {
            let reason =
                format!("the credentials may not look at {chroot} to see whether the ensemble holds data");
            (missing(&reason), None, Some(RECHECK_NO_AUTH))
        }
        Err(error) => return Err(error),
    };
    Ok(Check { found, watch, recheck })
}

fn missing(reason: &str) -> EnsembleCheck {
    EnsembleCheck::Missing(Arc::from(reason))
}

impl Check {
    /// Waits until the check has to be made again.
    async fn outdated(&mut self) {
        let delay = self.recheck.map(jittered);
        tokio::select! {
            () = fired(&mut self.watch) => {}
            () = sleep(delay.unwrap_or_default()), if delay.is_some() => {}
        }
    }

    /// Publishes what the check found, and logs it once.
    pub(super) fn publish(&self, session: &Session) {
        session.report_ensemble(&self.found, |before| match (before, &self.found) {
            (_, EnsembleCheck::Missing(reason)) => {
                error!("{reason}: nodes that are missing are not believed to be deleted, their files stay");
            }
            (EnsembleCheck::Missing(_), _) => {
                info!("the ensemble holds data now: nodes that are missing are believed to be deleted again");
            }
            _ => {}
        });
        session.change_context(|context| {
            let changed = context.ensemble != self.found;
            context.ensemble = self.found.clone();
            changed
        });
    }
}

/// Keeps the session's check up to date for as long as the session lasts. Never ends.
pub(super) async fn keep(session: &Session, live: &LiveSession, mut check: Check) {
    loop {
        check.publish(session);
        tokio::select! {
            () = check.outdated() => {}
            () = live.resumed.notified() => {}
        }
        check = loop {
            let resumes = live.resumes();
            match timeout(CHECK_LIMIT, self::check(&live.client)).await {
                // Otherwise it was resumed meanwhile, and the answer may be that of another
                // ensemble.
                Ok(Ok(check)) if live.resumes() == resumes => break check,
                Ok(Ok(_)) => {}
                // The session's end is seen elsewhere; a lost connection passes.
                _ => tokio::select! {
                    () = sleep(jittered(RECHECK)) => {}
                    () = live.resumed.notified() => {}
                },
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_believed_only_of_an_ensemble_with_data() {
        let is_unconfirmed = |absence| matches!(absence, Absence::Unconfirmed { .. });
        assert_eq!(EnsembleCheck::HoldsData.classify_absence(false, false), Absence::Confirmed);
        assert_eq!(missing("empty").classify_absence(false, true), Absence::Deleted);
        assert!(is_unconfirmed(missing("empty").classify_absence(false, false)));
        assert!(is_unconfirmed(EnsembleCheck::Unknown.classify_absence(false, false)));
        assert!(is_unconfirmed(EnsembleCheck::HoldsData.classify_absence(true, true)));
    }
}
