//! Asking a server for its report.

use std::pin::pin;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use ld_config::Listen;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::error::Error;
use crate::report::Report;

/// The largest report that is read: 100,000 nodes with long errors.
const MAX_REPORT_BYTES: usize = 256 << 20;

/// Asks the watcher that serves its status at `listen`, within `limit`. Cancel-safe.
///
/// # Errors
///
/// [`Error::CannotAsk`] if it does not answer in time, or not with a report.
///
/// # Panics
///
/// Outside of a tokio runtime with I/O and time.
pub async fn fetch(listen: &Listen, limit: Duration) -> Result<Report, Error> {
    let asked = timeout(limit, ask(listen)).await;
    let late = || Err(format!("no answer within {} s", limit.as_secs_f32()));
    asked.unwrap_or_else(|_| late()).map_err(|cause| Error::CannotAsk { listen: listen.clone(), cause })
}

async fn ask(listen: &Listen) -> Result<Report, String> {
    match listen {
        Listen::Tcp(address) => {
            request(TcpStream::connect(address).await.map_err(|error| error.to_string())?).await
        }
        Listen::Unix(path) => {
            request(UnixStream::connect(path).await.map_err(|error| error.to_string())?).await
        }
        _ => Err("this kind of address is not known".to_owned()),
    }
}

async fn request<S>(stream: S) -> Result<Report, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let request = Request::get("/status").header(HOST, "localhost").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answers {}", response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_REPORT_BYTES).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        serde_json::from_slice(&body).map_err(|_| "it is no watcher: its answer is no report".to_owned())
    };
    let mut answer = pin!(answer);
    tokio::select! {
        report = &mut answer => return report,
        ended = connection => ended.map_err(failed)?,
    }
    // The connection may end before its last bytes are looked at.
    answer.await
}
