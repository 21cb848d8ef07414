//! One state of a node that waits to be tried again.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ld_zk::SessionKey;
use tokio::time::{Sleep, sleep};

use crate::apply::Work;

/// A failed apply is tried again after at least this much, doubling with full jitter.
pub(crate) const RETRY_FIRST: Duration = Duration::from_millis(100);

/// A failed apply is tried again after this much at most.
pub(crate) const RETRY_AT_MOST: Duration = Duration::from_secs(2);

/// One state of the node on its way to the file.
pub(crate) struct Attempt {
    pub(crate) work: Work,
    pub(crate) session: SessionKey,
    pub(crate) mzxid: i64,
    pub(crate) bytes: u64,
}

/// What is done when its time has come.
pub(crate) struct Retry {
    due: Pin<Box<Sleep>>,
    /// `None`: it is not held, so the node is read again.
    pub(crate) attempt: Option<Attempt>,
}

impl Retry {
    pub(crate) fn after(delay: Duration, attempt: Option<Attempt>) -> Self {
        Self { due: Box::pin(sleep(delay)), attempt }
    }
}

/// Ready when a retry is due; never without one.
pub(crate) fn poll_retry(retry: &mut Option<Retry>, context: &mut Context<'_>) -> Poll<()> {
    retry.as_mut().map_or(Poll::Pending, |retry| retry.due.as_mut().poll(context))
}
