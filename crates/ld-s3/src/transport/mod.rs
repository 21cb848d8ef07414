//! HTTP: one connection for each request, so that a stalled one holds up nothing else.

mod body;
mod dial;
mod head_limit;
mod proxies;
mod roots;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::http::{request, response};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

pub(crate) use self::body::{FilePart, RequestBody};
use self::dial::{Dialer, Route};
use self::head_limit::HeadLimit;
pub(crate) use self::proxies::Proxies;
pub(crate) use self::roots::Roots;
use crate::pace::Pace;

/// How long it may take to look a name up, to connect, and to agree on TLS, all together.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long reading a file of settings may take.
pub(crate) const READ_LIMIT: Duration = Duration::from_secs(5);

/// How long a server may be silent.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_secs(15);

/// The buffer of one connection.
const BUFFER: usize = 512 * 1024;

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Transport {
    dialer: Dialer,
}

/// The head of a reply. The connection ends when this is dropped.
pub(crate) struct Reply {
    pub(crate) head: response::Parts,
    pub(crate) body: Incoming,
    _connection: Connection,
}

/// Drives a connection until it is dropped.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Transport {
    pub(crate) fn new(proxies: Proxies, roots: Roots) -> Self {
        Self { dialer: Dialer::new(proxies, roots) }
    }

    /// Sends a request and waits for the head of its reply. Its URI is absolute.
    ///
    /// # Errors
    ///
    /// What the network said, in words that may follow the name of the object.
    pub(crate) async fn send(&self, mut head: request::Parts, body: RequestBody) -> Result<Reply, String> {
        let server = head.uri.authority().map(ToString::to_string).unwrap_or_default();
        let dialed = timeout(CONNECT_LIMIT, self.dialer.dial(&head.uri)).await;
        let (stream, route) = dialed
            .map_err(|_| {
                format!("{server} did not accept a connection within {} s", CONNECT_LIMIT.as_secs())
            })?
            .map_err(|error| format!("cannot connect to {server}: {error}"))?;
        match route {
            Route::Direct => head.uri = origin_form(&head.uri),
            // The signature does not cover this header: the proxy removes it.
            Route::Proxy(Some(credentials)) => {
                head.headers.insert(PROXY_AUTHORIZATION, credentials);
            }
            Route::Proxy(None) => {}
        }
        let failed = |error: hyper::Error| format!("{server} broke the connection: {}", cause(&error));
        let has_begun = Arc::new(AtomicBool::new(false));
        let stream = HeadLimit::new(stream, Arc::clone(&has_begun));
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let driver = tokio::spawn(async move {
            // Its error comes with the reply, too.
            let _ = connection.await;
        });
        let connection = Connection(driver.abort_handle());
        let (taken, answer_limit) = (body.taken(), body.answer_limit);
        let sending = sender.send_request(Request::from_parts(head, body));
        let reply = tokio::select! {
            reply = sending => reply.map_err(failed)?,
            reason = too_slow(taken, answer_limit) => return Err(format!("{server} {reason}")),
        };
        has_begun.store(true, Ordering::Relaxed);
        let (head, body) = reply.into_parts();
        Ok(Reply { head, body, _connection: connection })
    }
}

/// Ends with a reason when a server takes a body too slowly, or does not answer.
async fn too_slow(mut taken: watch::Receiver<u64>, answer_limit: Duration) -> String {
    let (mut pace, mut before) = (Pace::default(), 0);
    loop {
        let began = Instant::now();
        match timeout(SILENCE_LIMIT, taken.changed()).await {
            Ok(Ok(())) => {
                let now = *taken.borrow_and_update();
                let bytes = usize::try_from(now - before).unwrap_or(usize::MAX);
                before = now;
                if pace.note(began.elapsed(), bytes).is_err() {
                    return format!("takes the content too slowly: {now} bytes so far");
                }
            }
            // All of it was taken.
            Ok(Err(_)) => break,
            Err(_) => return format!("took nothing for {} s after {before} bytes", SILENCE_LIMIT.as_secs()),
        }
    }
    tokio::time::sleep(answer_limit).await;
    format!("did not answer within {} s", answer_limit.as_secs())
}

/// Path and query, which is all that a server is told. An absolute URI has a path.
fn origin_form(uri: &Uri) -> Uri {
    uri.path_and_query().map_or_else(|| uri.clone(), |path| Uri::from(path.clone()))
}

/// An error with what is behind it; hyper's own words alone do not tell.
pub(crate) fn cause(error: &hyper::Error) -> String {
    ld_config::chain(error).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said when a server takes `bytes` every second, for so many seconds.
    async fn reason(seconds: u64, bytes: u64) -> (String, Duration) {
        let began = Instant::now();
        let taken = watch::Sender::new(0);
        let receiver = taken.subscribe();
        tokio::spawn(async move {
            for second in 1..=seconds {
                tokio::time::sleep(Duration::from_secs(1)).await;
                taken.send_replace(second * bytes);
            }
            // A stall, if it is not the end.
            if bytes == 7_000_000 {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
            }
        });
        (too_slow(receiver, Duration::from_secs(60)).await, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_nothing_is_given_up() {
        let (reason, after) = reason(3, 7_000_000).await;
        assert_eq!(reason, "took nothing for 15 s after 21000000 bytes");
        assert_eq!(after, Duration::from_secs(18));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_too_little_is_given_up() {
        let (reason, after) = reason(1_000, 1_000).await;
        assert_eq!(reason, "takes the content too slowly: 30000 bytes so far");
        assert_eq!(after, Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_a_whole_body_is_awaited_for_60_s() {
        let (reason, after) = reason(600, 100_000).await;
        assert_eq!((reason.as_str(), after.as_secs()), ("did not answer within 60 s", 660));
    }
}
