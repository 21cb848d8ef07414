//! HTTP: one connection for each request, so that a stalled one holds up nothing else.

mod dial;
mod proxies;
mod roots;

use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::http::{request, response};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use self::dial::{Dialer, Route};
pub(crate) use self::proxies::Proxies;
pub(crate) use self::roots::Roots;

/// How long it may take to look a name up, to connect, and to agree on TLS, all together.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long a server may be silent.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_secs(15);

/// The buffer of one connection.
const BUFFER: usize = 128 * 1024;

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
    pub(crate) async fn send(&self, mut head: request::Parts, body: Bytes) -> Result<Reply, String> {
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
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let driver = tokio::spawn(async move {
            // Its error comes with the reply, too.
            let _ = connection.await;
        });
        let connection = Connection(driver.abort_handle());
        let request = Request::from_parts(head, Full::new(body));
        let reply = timeout(SILENCE_LIMIT, sender.send_request(request)).await;
        let reply = reply
            .map_err(|_| format!("{server} did not answer within {} s", SILENCE_LIMIT.as_secs()))?
            .map_err(failed)?;
        let (head, body) = reply.into_parts();
        Ok(Reply { head, body, _connection: connection })
    }
}

/// Path and query, which is all that a server is told. An absolute URI has a path.
fn origin_form(uri: &Uri) -> Uri {
    uri.path_and_query().map_or_else(|| uri.clone(), |path| Uri::from(path.clone()))
}

/// An error with what is behind it; hyper's own words alone do not tell.
pub(crate) fn cause(error: &hyper::Error) -> String {
    ld_config::chain(error).to_string()
}
