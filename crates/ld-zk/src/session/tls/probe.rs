//! A handshake of our own. The ZooKeeper crate does not report why one failed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_io::Async;
use futures_rustls::TlsConnector;
use futures_util::future::join_all;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use ld_config::Host;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error as TlsError};
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

const LEFT_EARLY: &str = "the server left during the handshake: does it speak TLS at this port?";
const LEFT_LATE: &str =
    "the server left after the handshake: does it ask for a certificate (zookeeper.tls.cert)?";

/// The hosts that complete a TLS handshake, asked all at once.
///
/// # Errors
/// If there is none: the reason of each.
pub(crate) async fn reachable(hosts: Vec<Resolved>, material: &Material) -> Result<Vec<Resolved>, Error> {
    let probes = hosts.into_iter().map(|resolved| async {
        let probed = timeout(PROBE_LIMIT, probe(&resolved, Arc::clone(&material.probe))).await;
        probed.unwrap_or_else(|_| Err(unreachable(&resolved.0, io::ErrorKind::TimedOut.into())))?;
        Ok(resolved)
    });
    Error::unless_any(join_all(probes).await)
}

async fn probe((host, addresses): &Resolved, config: Arc<ClientConfig>) -> Result<(), Error> {
    let stream = diagnose::connect(addresses).await.map_err(|error| unreachable(host, error))?;
    let name = ServerName::try_from(host.name.clone());
    let name = name.map_err(|error| unreachable(host, io::Error::other(error)))?;
    let handshake = async {
        // The crate does its own I/O in the same way.
        let stream = Async::new(stream.into_std()?)?;
        TlsConnector::from(config).connect(name, stream).await
    };
    let mut tls = handshake.await.map_err(|error| refused(host, LEFT_EARLY, error))?;
    let answer = async {
        tls.write_all(QUESTION).await?;
        tls.flush().await?;
        tls.read_exact(&mut [0]).await
    };
    answer.await.map_err(|error| refused(host, LEFT_LATE, error))
}

fn unreachable(host: &Host, error: io::Error) -> Error {
    Error::NoSession { reasons: format!("{host} {}", diagnose::refusal(&error)) }
}

/// Why there is no TLS: what rustls found, or else where the server `left`.
fn refused(host: &Host, left: &'static str, error: io::Error) -> Error {
    let found = error.get_ref().and_then(|error| error.downcast_ref());
    let problem = found.map_or(left, explain);
    Error::Handshake { host: host.to_string(), problem, source: error.into() }
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
