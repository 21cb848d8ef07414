//! The server: one thread, one request a connection, and limits on everything.

use std::convert::Infallible;
use std::io;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ld_config::Listen;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::error::Error;
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::respond::{Shown, respond};
use crate::socket::{self, OwnSocket};
use crate::status_view::StatusView;

/// Connections that are served at one time: 64. Others wait in the system's queue.
pub const MAX_CONNECTIONS: usize = 64;

/// How long a connection may last, from its first byte to the last byte of its answer: 10 s.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long the headers of a request may take.
const HEADER_LIMIT: Duration = Duration::from_secs(3);

/// The most bytes of a request's line and headers.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// The pause after a connection that the system could not hand over.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a [`StatusView`] for as long as this lives.
#[derive(Debug)]
pub struct Server {
    address: Listen,
    /// Dropped to end the thread.
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The socket, which goes after the thread.
    _socket: Option<OwnSocket>,
}

#[derive(Debug)]
enum Listener {
    Tcp(std::net::TcpListener),
    Unix(StdUnixListener),
}

/// An address that is had, and not served yet. Visitors wait.
#[derive(Debug)]
pub struct Bound {
    listener: Listener,
    address: Listen,
    socket: Option<OwnSocket>,
}

impl Server {
    /// Serves `view` at `listen`, on a thread of its own. `engine` is the runtime that the engine
    /// runs on, which `/healthz` tells about.
    ///
    /// A socket that another process left behind is replaced, one that still answers is not.
    ///
    /// # Errors
    ///
    /// [`Error::CannotListen`] if the address is taken or may not be had, [`Error::CannotStart`] if
    /// the system refuses a thread or a descriptor.
    pub fn start(listen: &Listen, view: StatusView, engine: &Handle) -> Result<Self, Error> {
        Bound::new(listen)?.serve(view, engine)
    }

    /// Where it is served: with the port that the system chose, if port 0 was asked for.
    pub fn address(&self) -> &Listen {
        &self.address
    }
}

impl Bound {
    /// Takes the address. A socket that another process left behind is replaced, one that still
    /// answers is not.
    ///
    /// # Errors
    ///
    /// [`Error::CannotListen`] if the address is taken or may not be had.
    pub fn new(listen: &Listen) -> Result<Self, Error> {
        bind(listen).map_err(|cause| Error::CannotListen { listen: listen.clone(), cause })
    }

    /// Serves `view` at the address, as [`Server::start`] does.
    ///
    /// # Errors
    ///
    /// [`Error::CannotStart`] if the system refuses a thread or a descriptor.
    pub fn serve(self, view: StatusView, engine: &Handle) -> Result<Server, Error> {
        let Self { listener, address, socket } = self;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::CannotStart)?;
        let metrics = Arc::new(Metrics::new(&view));
        let is_local = matches!(address, Listen::Tcp(address) if address.ip().to_canonical().is_loopback());
        let pulse = Pulse::start(engine);
        let shown = Arc::new(Shown { pulse, metrics: Arc::clone(&metrics), is_local, view });
        let (end, ended) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, &shown) => {}
                    () = metrics.follow(shown.view.engine.changes()) => {}
                    _ = ended => {}
                }
            });
        };
        let thread = thread::Builder::new().name("ld-status".to_owned()).spawn(serve);
        let thread = thread.map_err(Error::CannotStart)?;
        info!("the status is served at {address}");
        Ok(Server { address, end: Some(end), thread: Some(thread), _socket: socket })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // Its panic was logged when it came.
            let _ = thread.join();
        }
    }
}

fn bind(listen: &Listen) -> io::Result<Bound> {
    match listen {
        Listen::Tcp(address) => {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Bound { listener: Listener::Tcp(listener), address: Listen::Tcp(address), socket: None })
        }
        Listen::Unix(path) => {
            socket::make_room(path)?;
            let listener = StdUnixListener::bind(path)?;
            listener.set_nonblocking(true)?;
            let socket = Some(OwnSocket::at(path)?);
            Ok(Bound { listener: Listener::Unix(listener), address: listen.clone(), socket })
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

async fn accept(listener: Listener, shown: &Arc<Shown>) {
    // Within the runtime that serves it, which a listener needs.
    let result = match listener {
        Listener::Tcp(listener) => match TcpListener::from_std(listener) {
            Ok(listener) => {
                accept_from(async || listener.accept().await.map(|(stream, _)| stream), shown).await;
                Ok(())
            }
            Err(error) => Err(error),
        },
        Listener::Unix(listener) => match UnixListener::from_std(listener) {
            Ok(listener) => {
                accept_from(async || listener.accept().await.map(|(stream, _)| stream), shown).await;
                Ok(())
            }
            Err(error) => Err(error),
        },
    };
    if let Err(error) = result {
        warn!("the status is not served: {error}");
    }
}

/// Serves what `next` gives, until this is dropped.
async fn accept_from<S>(next: impl AsyncFn() -> io::Result<S>, shown: &Arc<Shown>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // The semaphore is never closed.
        let place = Arc::clone(&places).acquire_owned().await;
        match next().await {
            Ok(stream) => {
                let shown = Arc::clone(shown);
                tokio::spawn(async move {
                    let _place = place;
                    serve(stream, &shown).await;
                });
            }
            // Such as a lack of descriptors, which passes.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Answers one request. A visitor that is slow or breaks off is no event.
async fn serve<S>(stream: S, shown: &Arc<Shown>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(async |request| Ok::<_, Infallible>(respond(shown, &request).await));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(MAX_HEADER_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = timeout(REQUEST_LIMIT, connection).await;
}
