//! Connections: names, proxies, TLS.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Method, Request, Uri, upgrade};
use hyper_util::rt::TokioIo;
use ld_blocking::{BoundedCalls, Spawner};
use ld_config::chain;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::CONNECT_LIMIT;
use super::proxies::{Proxies, Proxy};
use super::roots::Roots;
use crate::address::bare_host;

/// Names that are looked up at a time.
const LOOKUPS: usize = 4;

/// Of the addresses of one name, so many are tried.
const ADDRESSES: usize = 4;

/// A connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What a request must look like on a connection.
pub(super) enum Route {
    /// With the path alone.
    Direct,
    /// With the whole URI, for a proxy, and with its credentials if it has some.
    Proxy(Option<HeaderValue>),
}

#[derive(Debug)]
pub(super) struct Dialer {
    proxies: Proxies,
    roots: Roots,
    lookups: BoundedCalls,
}

impl Dialer {
    pub(super) fn new(proxies: Proxies, roots: Roots) -> Self {
        let lookups = BoundedCalls::new("looking up the address of S3", Spawner::Threads, LOOKUPS);
        Self { proxies, roots, lookups }
    }

    /// Connects to the server of an absolute URI.
    pub(super) async fn dial(&self, uri: &Uri) -> Result<(Box<dyn Stream>, Route), String> {
        let host = uri.host().ok_or("its URL has no host")?;
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let proxy = self.proxies.of(is_tls, host, port)?;
        let stream: Box<dyn Stream> = match &proxy {
            None => Box::new(self.connect(host, port).await?),
            Some(proxy) if is_tls => self.tunnel(proxy, host, port).await?,
            Some(proxy) => Box::new(self.connect(&proxy.host, proxy.port).await?),
        };
        if !is_tls {
            let route = proxy.map_or(Route::Direct, |proxy| Route::Proxy(proxy.authorization));
            return Ok((stream, route));
        }
        Ok((self.encrypt(stream, host).await?, Route::Direct))
    }

    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let host = bare_host(host).to_owned();
        let name = host.clone();
        let look_up = move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter);
        let found = self.lookups.run(CONNECT_LIMIT, look_up).await.map_err(|error| error.to_string())?;
        let mut addresses: Vec<SocketAddr> =
            found.map_err(|error| format!("{name} has no address: {error}"))?;
        addresses.truncate(ADDRESSES);
        let share = CONNECT_LIMIT / u32::try_from(addresses.len().max(1)).unwrap_or(1);
        let mut failure = format!("{name} has no address");
        for address in addresses {
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // A request is one small write.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => failure = error.to_string(),
                Err(_) => failure = format!("no answer from {address}"),
            }
        }
        Err(failure)
    }

    /// A connection through a proxy that does not see what it carries.
    async fn tunnel(&self, proxy: &Proxy, host: &str, port: u16) -> Result<Box<dyn Stream>, String> {
        let stream = self.connect(&proxy.host, proxy.port).await?;
        let failed = |error: hyper::Error| format!("the proxy failed: {}", super::cause(&error));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        tokio::spawn(connection.with_upgrades());
        let target = format!("{host}:{port}");
        let mut request = Request::builder().method(Method::CONNECT).uri(&target).header(HOST, &target);
        if let Some(credentials) = &proxy.authorization {
            request = request.header(PROXY_AUTHORIZATION, credentials);
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
        let reply = sender.send_request(request).await.map_err(failed)?;
        if !reply.status().is_success() {
            return Err(format!("the proxy answers {}", reply.status().as_u16()));
        }
        let upgraded = upgrade::on(reply).await.map_err(failed)?;
        Ok(Box::new(TokioIo::new(upgraded)))
    }

    async fn encrypt(&self, stream: Box<dyn Stream>, host: &str) -> Result<Box<dyn Stream>, String> {
        let host = bare_host(host);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is no name for TLS"))?;
        let config = self.roots.config().await?;
        match TlsConnector::from(config).connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                // New authorities may have been installed meanwhile.
                self.roots.forget();
                Err(tls_reason(&error))
            }
        }
    }
}

fn tls_reason(error: &io::Error) -> String {
    format!("TLS: {}", chain(error))
}
