//! Whether the ensemble holds data, so that a missing node may be believed to be missing.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::{error, info};
use zookeeper::Error as ZkError;

use crate::armed::Armed;
use crate::backoff::jittered;
use crate::lane::{Evidence, Lane};

/// How often the ensemble is looked at again, on average, while it holds no data.
const RECHECK: Duration = Duration::from_secs(5);
/// How often, while we may not look.
const RECHECK_NO_AUTH: Duration = Duration::from_secs(10);
/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// One look at the ensemble.
pub(crate) struct Look {
    evidence: Evidence,
    armed: Option<Armed>,
    recheck: Option<Duration>,
}

/// Looks whether the chroot exists, or without a chroot whether the root has a child besides `zookeeper`.
pub(crate) async fn look(client: &zookeeper::Client) -> Result<Look, ZkError> {
    let chroot = client.path().to_owned();
    let (held, armed) = if chroot == "/" {
        client.list_and_watch_children("/").await.map(|(children, watcher)| {
            let holds_data = children.iter().any(|child| child != "zookeeper");
            (holds_data, Armed::new(watcher))
        })
    } else {
        // The client is chrooted: below it, "/" is the chroot itself.
        client.check_and_watch_stat("/").await.map(|(stat, watcher)| (stat.is_some(), Armed::new(watcher)))
    }
    .map(|(held, armed)| (Ok(held), Some(armed)))
    .or_else(|error| match error {
        ZkError::NoAuth => Ok((Err(error), None)),
        other => Err(other),
    })?;
    Ok(match held {
        Ok(true) if chroot == "/" => Look { evidence: Evidence::Present, armed: None, recheck: None },
        Ok(true) => Look { evidence: Evidence::Present, armed, recheck: None },
        Ok(false) => {
            let reason = if chroot == "/" {
                "this ensemble holds no data at all".to_owned()
            } else {
                format!("the chroot {chroot} does not exist in this ensemble")
            };
            Look { evidence: Evidence::Missing(reason.into()), armed, recheck: Some(RECHECK) }
        }
        Err(_) => {
            let reason =
                format!("the credentials may not look at {chroot} to see whether the ensemble holds data");
            Look { evidence: Evidence::Missing(reason.into()), armed, recheck: Some(RECHECK_NO_AUTH) }
        }
    })
}

impl Look {
    pub(crate) fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }

    async fn stale(self) {
        let armed = async {
            match self.armed {
                Some(armed) => armed.await,
                None => std::future::pending().await,
            }
        };
        let recheck = async {
            match self.recheck {
                Some(mean) => sleep(jittered(mean)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = armed => {}
            () = recheck => {}
        }
    }
}

/// Keeps the lane's evidence up to date for as long as the session lasts. Never ends.
pub(crate) async fn keep(lane: &Lane, client: &zookeeper::Client, mut look: Look) {
    loop {
        publish(lane, look.evidence());
        look.stale().await;
        look = loop {
            match timeout(LOOK_LIMIT, self::look(client)).await {
                Ok(Ok(look)) => break look,
                // The session's end is seen elsewhere; a lost connection passes.
                _ => sleep(jittered(RECHECK)).await,
            }
        };
    }
}

/// Publishes new evidence, and says so once.
pub(crate) fn publish(lane: &Lane, evidence: Evidence) {
    lane.change_view(|view| {
        if view.evidence == evidence {
            return false;
        }
        match (&view.evidence, &evidence) {
            (_, Evidence::Missing(reason)) => {
                error!("{reason}: nodes that are missing are not believed to be deleted, their files stay");
            }
            (Evidence::Missing(_), _) => {
                info!("the ensemble holds data now: nodes that are missing are believed to be deleted again");
            }
            _ => {}
        }
        view.evidence = evidence;
        true
    });
}
