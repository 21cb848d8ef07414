//! Whether the ensemble holds data, so that a missing node may be believed to be missing.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Fuse};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{error, info};
use zookeeper::Error as ZkError;

use super::{LiveSession, Session, jittered};
use crate::panics::fired;
use crate::reading::Absence;

/// How often the ensemble is checked again, on average, while it is not known to hold data.
const RECHECK: Duration = Duration::from_secs(5);
/// How long one check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(10);

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum EnsembleCheck {
    /// It was not made yet, or not since the session was resumed.
    #[default]
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

/// A check, and the watch that fires when it has to be made again.
pub(super) struct Check {
    pub(super) found: EnsembleCheck,
    fired: Fuse<BoxFuture<'static, ()>>,
}

/// Checks whether the chroot exists, or without a chroot whether the root has a child besides
/// `zookeeper`.
pub(super) async fn check(client: &zookeeper::Client) -> Result<Check, ZkError> {
    let chroot = client.path();
    let answer = if chroot == "/" {
        client.list_and_watch_children("/").await.map(|(children, watcher)| {
            let holds_data = children.iter().any(|child| child != "zookeeper");
            // Once there is data, more or less of it does not matter.
            (holds_data, if holds_data { Fuse::terminated() } else { fired(watcher).boxed().fuse() })
        })
    } else {
        // The client is chrooted: below it, "/" is the chroot itself.
        let stat = client.check_and_watch_stat("/").await;
        stat.map(|(stat, watcher)| (stat.is_some(), fired(watcher).boxed().fuse()))
    };
    let (missing, fired) = match answer {
        Ok((true, fired)) => return Ok(Check { found: EnsembleCheck::HoldsData, fired }),
        Ok((false, fired)) if chroot == "/" => ("this ensemble holds no data at all".into(), fired),
        Ok((false, fired)) => (format!("the chroot {chroot} does not exist in this ensemble").into(), fired),
        Err(ZkError::NoAuth) => {
            let reason =
                format!("the credentials may not look at {chroot} to see whether the ensemble holds data");
            (reason.into(), Fuse::terminated())
        }
        Err(error) => return Err(error),
    };
    Ok(Check { found: EnsembleCheck::Missing(missing), fired })
}

impl Check {
    /// Publishes what the check found, and logs it once.
    pub(super) fn publish(&self, session: &Session) {
        session.status.send_if_modified(|status| {
            match (&status.logged, &self.found) {
                (logged, found) if logged == found => {}
                // A tool says this, too, which has no files.
                (_, EnsembleCheck::Missing(reason)) => {
                    error!("{reason}: nodes that are missing are not believed to be deleted")
                }
                (EnsembleCheck::Missing(_), _) => info!(
                    "the ensemble holds data now: nodes that are missing are believed to be deleted again"
                ),
                _ => {}
            }
            status.logged = self.found.clone();
            std::mem::replace(&mut status.ensemble, self.found.clone()) != self.found
        });
    }
}

/// Keeps the session's check up to date for as long as the session lasts: it is made again when it
/// is outdated, and after each of `resumes`. Never ends.
pub(super) async fn keep(
    session: &Session,
    live: &LiveSession,
    mut check: Check,
    mut resumes: watch::Receiver<u32>,
) {
    loop {
        tokio::select! {
            () = &mut check.fired => {}
            () = sleep(jittered(RECHECK)), if check.found != EnsembleCheck::HoldsData => {}
            _ = resumes.changed() => {}
        }
        check = loop {
            resumes.mark_unchanged();
            match timeout(CHECK_LIMIT, self::check(&live.client)).await {
                // Otherwise it was resumed meanwhile, and the answer may be that of another
                // ensemble.
                Ok(Ok(check)) if !resumes.has_changed().unwrap_or(true) => break check,
                Ok(Ok(_)) => {}
                // The session's end is seen elsewhere; a lost connection passes.
                _ => tokio::select! {
                    () = sleep(jittered(RECHECK)) => {}
                    _ = resumes.changed() => {}
                },
            }
        };
        check.publish(session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_believed_only_of_an_ensemble_with_data() {
        let missing = |reason: &str| EnsembleCheck::Missing(reason.into());
        let is_unconfirmed = |absence| matches!(absence, Absence::Unconfirmed { .. });
        assert_eq!(EnsembleCheck::HoldsData.classify_absence(false, false), Absence::Confirmed);
        assert_eq!(missing("empty").classify_absence(false, true), Absence::Deleted);
        assert!(is_unconfirmed(missing("empty").classify_absence(false, false)));
        assert!(is_unconfirmed(EnsembleCheck::Unknown.classify_absence(false, false)));
        assert!(is_unconfirmed(EnsembleCheck::HoldsData.classify_absence(true, true)));
    }
}
