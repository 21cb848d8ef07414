//! A handshake of our own. The ZooKeeper crate does not report why one failed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ld_config::Host;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, Error as TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Material;
use crate::Error;
use crate::session::diagnose;
use crate::session::names::Resolved;

/// How long connecting to a host and shaking hands with it may take together.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// Any short question to the server: with TLS 1.3 it refuses a client's certificate only after the
/// handshake.
const QUESTION: &[u8] = b"isro";

/// The hosts that complete a TLS handshake, asked all at once.
///
/// # Errors
/// If there is none: the reason of each.
pub(crate) async fn reachable(hosts: Vec<Resolved>, material: &Material) -> Result<Vec<Resolved>, Error> {
    let probes = hosts.into_iter().map(|resolved| async {
        let probed = timeout(PROBE_LIMIT, probe(&resolved, Arc::clone(&material.probe))).await;
        let probed = probed.unwrap_or_else(|_| Err(Failure::Io(io::ErrorKind::TimedOut.into())));
        probed.map_err(|failure| failure.into_error(&resolved.0)).map(|()| resolved)
    });
    Error::unless_any(join_all(probes).await)
}

enum Failure {
    Io(io::Error),
    Tls(TlsError),
    /// The server closed the connection early.
    Left(&'static str, io::Error),
}

const LEFT_EARLY: &str = "the server left during the handshake: does it speak TLS at this port?";
const LEFT_LATE: &str =
    "the server left after the handshake: does it ask for a certificate (zookeeper.tls.cert)?";

async fn probe((host, addresses): &Resolved, config: Arc<ClientConfig>) -> Result<(), Failure> {
    let mut stream = diagnose::connect(addresses).await.map_err(Failure::Io)?;
    let name =
        ServerName::try_from(host.name.clone()).map_err(|error| Failure::Io(io::Error::other(error)))?;
    let mut tls = ClientConnection::new(config, name).map_err(Failure::Tls)?;
    while tls.is_handshaking() {
        exchange(&mut stream, &mut tls).await.map_err(|failure| failure.at(LEFT_EARLY))?;
    }
    // rustls buffers it: this cannot fail.
    let _ = io::Write::write_all(&mut tls.writer(), QUESTION);
    loop {
        if exchange(&mut stream, &mut tls).await.map_err(|failure| failure.at(LEFT_LATE))? > 0 {
            return Ok(());
        }
    }
}

/// Sends what there is to send, then receives once. Gives the number of bytes that the server has
/// sent so far.
async fn exchange(stream: &mut TcpStream, tls: &mut ClientConnection) -> Result<usize, Failure> {
    let mut output = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut output).map_err(Failure::Io)?;
    }
    stream.write_all(&output).await.map_err(Failure::Io)?;
    let mut buffer = [0; 8 << 10];
    let count = stream.read(&mut buffer).await.map_err(Failure::Io)?;
    if count == 0 {
        return Err(Failure::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    let mut input = &buffer[..count];
    let mut said = 0;
    while !input.is_empty() {
        tls.read_tls(&mut input).map_err(Failure::Io)?;
        said = tls.process_new_packets().map_err(Failure::Tls)?.plaintext_bytes_to_read();
    }
    Ok(said)
}

impl Failure {
    fn at(self, point: &'static str) -> Self {
        match self {
            Self::Io(source) => Self::Left(point, source),
            other => other,
        }
    }

    fn into_error(self, host: &Host) -> Error {
        let host = host.to_string();
        match self {
            Self::Io(error) => Error::NoSession { reasons: format!("{host} {}", diagnose::refusal(&error)) },
            Self::Tls(source) => {
                Error::Handshake { host, problem: explain(&source), source: Box::new(source) }
            }
            Self::Left(problem, source) => Error::Handshake { host, problem, source: Box::new(source) },
        }
    }
}

/// What to do about it.
fn explain(error: &TlsError) -> &'static str {
    use AlertDescription as Alert;
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "no authority in zookeeper.tls.ca vouches for the server's certificate"
        }
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is for another name than that in zookeeper.hosts",
        TlsError::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired"
        }
        TlsError::InvalidCertificate(_) => "the server's certificate is not accepted",
        TlsError::AlertReceived(
            Alert::AccessDenied
            | Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRequired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate,
        ) => "the server does not accept this client's certificate (zookeeper.tls.cert), or wants one",
        TlsError::InvalidMessage(_) => "the server does not speak TLS at this port",
        _ => "they do not agree",
    }
}
