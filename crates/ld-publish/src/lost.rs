//! What became of a write after its answer was lost.
//!
//! A write without an answer may still be on its way: in a proxy, or in the buffers of a frozen
//! server. An unchanged node is therefore no proof by itself. It is one within the session that
//! wrote:
//!
//! - ZooKeeper serves a session's requests in order.
//! - A server on which the session resumes closes its old connection first.
//! - A server that the session has left refuses its requests (`SessionMoved`).
//!
//! So nothing of the write can arrive after the answers to `sync` and a read. Another session
//! proves only what cannot be undone: the content is there, or the version that the write was for
//! is gone.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ld_zk::zookeeper;
use tracing::info;

use crate::Error;
use crate::request::{Unanswered, bounded};

/// How long a write without an answer is looked for before it is reported as unknown.
const READ_BACK_LIMIT: Duration = Duration::from_secs(15);

/// The pause before another look, while the connection is being resumed.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// What was read after the answer to a write was lost.
pub(crate) struct Seen<T> {
    pub(crate) found: T,
    /// Whether the read was served after the write, or the write cannot come any more.
    pub(crate) behind_the_write: bool,
}

/// What became of a write.
pub(crate) enum Sent<T, F, S> {
    /// It happened.
    Done(T),
    /// The server has looked at it and done nothing.
    Refused(F),
    /// Its answer was lost for this cause, and this was read afterwards.
    Lost(String, Seen<S>),
}

/// Why a write has not surely happened.
pub(crate) enum Failed<F> {
    Refused(F),
    /// It may have happened.
    Unanswered(Unanswered),
}

/// Sends a write with `send`, and finds out with `read` what became of it if its answer is lost.
/// Both get the session. `read` is tried again after an error of the connection.
///
/// They are no async closures: a future of one cannot be spawned on another thread.
///
/// # Errors
///
/// - [`Error::Interrupted`], [`Error::Client`]: nothing was sent.
/// - [`Error::Unknown`]: the answer was lost, and nothing could be read in time.
pub(crate) async fn write<T, F, S, Send, Read>(
    client: &ld_zk::Client,
    path: &str,
    send: impl FnOnce(zookeeper::Client) -> Send,
    read: impl Fn(zookeeper::Client) -> Read,
    interrupt: impl Future<Output = ()>,
) -> Result<Sent<T, F, S>, Error>
where
    Send: Future<Output = Result<T, Failed<F>>>,
    Read: Future<Output = Result<S, Unanswered>>,
{
    let mut interrupt = pin!(interrupt);
    let session = tokio::select! {
        biased;
        () = &mut interrupt => return Err(Error::Interrupted),
        session = client.session() => session?,
    };
    let answer = tokio::select! {
        answer = send(session.clone()) => answer,
        () = interrupt => Err(Failed::Unanswered(Unanswered::Interrupted)),
    };
    let cause = match answer {
        Ok(done) => return Ok(Sent::Done(done)),
        Err(Failed::Refused(refused)) => return Ok(Sent::Refused(refused)),
        Err(Failed::Unanswered(cause)) => cause.to_string(),
    };
    let limit = READ_BACK_LIMIT.as_secs();
    info!("{cause}: looking whether it was written, for {limit} seconds at most");
    let seen = tokio::time::timeout(READ_BACK_LIMIT, look(client, path, session, read)).await;
    match seen.ok().flatten() {
        Some(seen) => Ok(Sent::Lost(cause, seen)),
        None => Err(Error::Unknown { cause }),
    }
}

/// Reads behind the write, or as another session sees it when the one that wrote has ended.
async fn look<S, Read>(
    client: &ld_zk::Client,
    path: &str,
    mut session: zookeeper::Client,
    read: impl Fn(zookeeper::Client) -> Read,
) -> Option<Seen<S>>
where
    Read: Future<Output = Result<S, Unanswered>>,
{
    let mut behind_the_write = true;
    loop {
        // A lagging server could show the node as it was before the write.
        let read = match bounded(session.sync(path)).await {
            Ok(()) => read(session.clone()).await,
            Err(cause) => Err(cause),
        };
        match read {
            Ok(found) => return Some(Seen { found, behind_the_write }),
            Err(Unanswered::Refused(zookeeper::Error::NoNode | zookeeper::Error::NoAuth)) => return None,
            Err(Unanswered::TooLarge { .. }) => return None,
            Err(_) => tokio::time::sleep(LOOK_INTERVAL).await,
        }
        if session.state().is_terminated() {
            behind_the_write = false;
            session = client.session().await.ok()?;
        }
    }
}

/// The answer to a request that changes one node, as [`write`] wants it.
pub(crate) async fn single<T>(
    request: impl Future<Output = Result<T, zookeeper::Error>>,
) -> Result<T, Failed<zookeeper::Error>> {
    bounded(request).await.map_err(|cause| match cause {
        Unanswered::Refused(error) if is_refusal(&error) => Failed::Refused(error),
        cause => Failed::Unanswered(cause),
    })
}

/// Whether the server has looked at the request and done nothing.
fn is_refusal(error: &zookeeper::Error) -> bool {
    use zookeeper::Error as E;
    matches!(error, E::BadVersion | E::NoNode | E::NoAuth | E::NotEmpty | E::InvalidAcl)
}

impl<T> Seen<T> {
    /// The error of a write that was not seen to have happened. `is_unchanged`: what was to be
    /// changed is as it was.
    pub(crate) fn not_written(&self, is_unchanged: bool, cause: String) -> Error {
        match self.behind_the_write && is_unchanged {
            true => Error::NotWritten { cause },
            false => Error::Unknown { cause },
        }
    }
}
