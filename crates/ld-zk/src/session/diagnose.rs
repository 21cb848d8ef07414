//! Why a server opens no session. The ZooKeeper crate says "no available hosts" whatever the reason
//! is.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Error;

/// How long an address may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// How long it may take to answer a question.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// A question that every ZooKeeper server answers with text, even if only to say that it must not.
const QUESTION: &[u8] = b"srvr";
/// What a ZooKeeper server may do to a client that it does not want.
const CLOSES_AT_ONCE: &str = "closes connections at once: \
    it may have reached maxClientCnxns, lost its quorum, or want TLS";
/// What makes an HTTP server answer the question before, which it takes for half a request.
const END_OF_REQUEST: &[u8] = b"\r\n\r\n";

/// The addresses that accept a connection, asked all at once.
///
/// # Errors
/// [`Error::NoSession`] with the reason of each if there is none.
pub(super) async fn reachable(addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Error> {
    let probes = addresses.into_iter().map(|address| async move {
        let refused = |error| Error::NoSession { reasons: format!("{address} {}", refusal(&error)) };
        connect(&[address]).await.map(|_| address).map_err(refused)
    });
    Error::unless_any(join_all(probes).await)
}

/// Asks all addresses at once why there is no session. For a server that serves, `said` is the only
/// known reason.
pub(super) async fn explain(addresses: &[SocketAddr], said: &str) -> Error {
    let probes = addresses.iter().map(|address| async move {
        match probe(*address).await {
            Some(reason) => format!("{address} {reason}"),
            None => format!("{address} is a ZooKeeper server but opens none ({said})"),
        }
    });
    Error::NoSession { reasons: join_all(probes).await.join("; ") }
}

/// Connects to the first address that accepts a connection within the limit.
pub(super) async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    timeout(CONNECT_LIMIT, TcpStream::connect(addresses))
        .await
        .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

/// What a failed connection says of a server.
pub(super) fn refusal(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refuses connections".to_owned(),
        ErrorKind::TimedOut => "does not answer".to_owned(),
        _ if is_closed(error) => CLOSES_AT_ONCE.to_owned(),
        _ => format!("cannot be reached: {error}"),
    }
}

/// Whether the server has closed the connection. A connect can end with this, too.
fn is_closed(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

/// Why this address opens no session; `None` if it is a ZooKeeper server that serves.
async fn probe(address: SocketAddr) -> Option<String> {
    let mut stream = match connect(&[address]).await {
        Ok(stream) => stream,
        Err(error) => return Some(refusal(&error)),
    };
    match ask(&mut stream).await {
        Ok(answer) => judge(&answer),
        Err(error) if is_closed(&error) => Some(CLOSES_AT_ONCE.to_owned()),
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            Some("accepts connections but says nothing".to_owned())
        }
        Err(error) => Some(format!("cannot be asked: {error}")),
    }
}

/// The first bytes of the answer to [`QUESTION`]; none if the server closes the connection.
async fn ask(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut answer = vec![0; 256];
    for question in [QUESTION, END_OF_REQUEST] {
        let asked = async {
            stream.write_all(question).await?;
            stream.read(&mut answer).await
        };
        if let Ok(length) = timeout(ANSWER_LIMIT, asked).await {
            answer.truncate(length?);
            return Ok(answer);
        }
    }
    Err(ErrorKind::TimedOut.into())
}

/// What an answer to [`QUESTION`] says of a server.
fn judge(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    let what = match &*text {
        "" => return Some(CLOSES_AT_ONCE.to_owned()),
        text if text.starts_with("Zookeeper version") || text.contains("whitelist") => return None,
        text if text.starts_with("This ZooKeeper instance is not currently serving requests") => {
            return Some("has no quorum, it serves no requests now".to_owned());
        }
        // A TLS alert record.
        text if text.starts_with('\x15') => return Some("wants TLS: see zookeeper.tls.ca".to_owned()),
        text if text.starts_with("HTTP/") => "HTTP".to_owned(),
        text if text.starts_with("SSH-") => "SSH".to_owned(),
        text => format!("'{}'", text.chars().take(16).flat_map(char::escape_debug).collect::<String>()),
    };
    Some(format!("answers with {what}, it is not a ZooKeeper server"))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::sync::oneshot;

    use super::*;

    /// A server that says this on each connection and then closes it, or keeps it open for a
    /// `None`.
    async fn server(says: Option<&'static [u8]>) -> (SocketAddr, oneshot::Sender<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, mut stopped) = oneshot::channel();
        tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut stream, _) = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap(),
                    _ = &mut stopped => return,
                };
                match says {
                    None => open.push(stream),
                    Some(text) => {
                        let _ = stream.write_all(text).await;
                    }
                }
            }
        });
        (address, stop)
    }

    async fn reason(says: Option<&'static [u8]>) -> String {
        let (address, _stop) = server(says).await;
        let error = explain(&[address], "no available hosts").await.to_string();
        let prefix = format!("no ZooKeeper server opens a session: {address} ");
        error.strip_prefix(&prefix).unwrap_or(&error).to_owned()
    }

    #[tokio::test]
    async fn what_answers_instead_of_zookeeper_is_named() {
        assert!(reason(Some(b"HTTP/1.1 400 Bad Request")).await.starts_with("answers with HTTP"));
        assert!(reason(Some(b"SSH-2.0-OpenSSH_9.2")).await.starts_with("answers with SSH"));
        assert!(reason(Some(b"\x00\x01gar")).await.starts_with("answers with '\\0\\u{1}gar'"));
    }

    #[tokio::test]
    async fn a_zookeeper_server_is_named_with_its_reason() {
        let reasons = "This ZooKeeper instance is not currently serving requests\n";
        assert!(reason(Some(reasons.as_bytes())).await.starts_with("has no quorum"));
        let serves = "is a ZooKeeper server but opens none (no available hosts)";
        assert_eq!(reason(Some(b"Zookeeper version: 3.8.0")).await, serves);
        let denied = b"srvr is not executed because it is not in the whitelist.\n";
        assert_eq!(reason(Some(denied)).await, serves);
    }

    #[tokio::test]
    async fn a_server_that_closes_or_is_silent_is_told_apart() {
        assert!(reason(Some(b"")).await.starts_with("closes connections at once"));
        assert_eq!(reason(None).await, "accepts connections but says nothing");
    }

    #[tokio::test]
    async fn each_address_has_its_own_reason() {
        let (silent, _stop) = server(None).await;
        let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let error = explain(&[free, silent], "no available hosts").await.to_string();
        let expected = format!("{free} refuses connections; {silent} accepts connections but says nothing");
        assert!(error.ends_with(&expected), "{error}");
        let error = reachable(vec![free]).await.unwrap_err().to_string();
        assert!(error.ends_with(&format!("{free} refuses connections")), "{error}");
    }
}
