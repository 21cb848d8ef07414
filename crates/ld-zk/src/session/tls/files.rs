//! The PEM files: read, checked, and turned into what rustls and the ZooKeeper crate want.
//!
//! No error here has a parser's own text, which may quote the line that it rejects. In a file
//! without its line breaks that line is the key.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use ld_config::{TlsConfig, TlsIdentity};
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;
use zookeeper::{TlsCa, TlsCerts};

use crate::Error;

/// The largest file, in bytes: the bundle of all public authorities has a quarter of it.
const MAX_PEM_BYTES: usize = 1 << 20;

const CA: &str = "zookeeper.tls.ca";
const CERT: &str = "zookeeper.tls.cert";
const KEY: &str = "zookeeper.tls.key";

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A file's text, zeroed when it is dropped.
#[derive(PartialEq, Eq)]
struct Pem(Zeroizing<Vec<u8>>);

/// What the files hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Files {
    ca: Pem,
    identity: Option<(Pem, Pem)>,
}

impl Files {
    /// Reads the files. Blocks.
    pub(super) fn read(config: &TlsConfig) -> Result<Self, Error> {
        let ca = Pem::read(CA, &config.ca)?;
        let identity = match &config.identity {
            None => None,
            Some(TlsIdentity { cert, key }) => Some((Pem::read(CERT, cert)?, Pem::read(KEY, key)?)),
        };
        Ok(Self { ca, identity })
    }

    /// The settings of a handshake of our own: the very checks that the ZooKeeper crate makes.
    pub(super) fn client_config(&self, config: &TlsConfig) -> Result<Arc<ClientConfig>, Error> {
        let in_ca = |problem: &str| unusable(CA, &config.ca, problem.into());
        let mut roots = RootCertStore::empty();
        for cert in self.ca.sections::<CertificateDer<'static>>() {
            // A certificate that is no authority is left out, as by the ZooKeeper crate.
            let _ = roots.add(cert.ok_or_else(|| in_ca("it is damaged"))?);
        }
        if roots.is_empty() {
            return Err(in_ca("it holds no certificate of an authority"));
        }
        let lists = self.ca.sections::<CertificateRevocationListDer<'static>>();
        let lists: Option<Vec<_>> = lists.collect();
        let builder = ClientConfig::builder();
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.into(), builder.crypto_provider().clone())
                .with_crls(lists.ok_or_else(|| in_ca("it is damaged"))?)
                .build()
                .map_err(|_| in_ca("a revocation list in it is damaged"))?;
        let builder = builder.with_webpki_verifier(verifier);
        let (Some((cert, key)), Some(paths)) = (&self.identity, &config.identity) else {
            return Ok(builder.with_no_client_auth().into());
        };
        let certs: Option<Vec<_>> = cert.sections::<CertificateDer<'static>>().collect();
        let certs = certs.filter(|certs| !certs.is_empty());
        let certs = certs.ok_or_else(|| unusable(CERT, &paths.cert, "it holds no certificate".into()))?;
        let key = key.sections::<PrivateKeyDer<'static>>().next().flatten();
        let in_key = |problem: &str| unusable(KEY, &paths.key, problem.into());
        let key = key.ok_or_else(|| in_key("it holds no private key that is not encrypted"))?;
        let client = builder.with_client_auth_cert(certs, key);
        client.map(Arc::new).map_err(|_| in_key("it is not the key of the certificate in zookeeper.tls.cert"))
    }

    /// The same for the ZooKeeper crate, which is asked after [`Files::client_config`] found them
    /// good.
    pub(super) fn certs(&self, config: &TlsConfig) -> Result<TlsCerts, Error> {
        let refused = || unusable(CA, &config.ca, "the ZooKeeper client refuses the certificates".into());
        let ca = TlsCa::from_pem(self.ca.text(CA, &config.ca)?).map_err(|_| refused())?;
        let mut builder = TlsCerts::builder().with_ca(ca);
        if let (Some((cert, key)), Some(paths)) = (&self.identity, &config.identity) {
            let (cert, key) = (cert.text(CERT, &paths.cert)?, key.text(KEY, &paths.key)?);
            builder =
                builder.with_identity(zookeeper::TlsIdentity::from_pem(cert, key).map_err(|_| refused())?);
        }
        builder.build().map_err(|_| refused())
    }
}

impl Pem {
    fn read(setting: &'static str, path: &Path) -> Result<Self, Error> {
        match Self::read_up_to(path, MAX_PEM_BYTES) {
            Ok(Some(pem)) => Ok(pem),
            Ok(None) => {
                let problem = format!("it is larger than {MAX_PEM_BYTES} bytes");
                Err(unusable(setting, path, problem.into()))
            }
            Err(error) => Err(unusable(setting, path, error.into())),
        }
    }

    /// One buffer of the final size: growing it would leave copies behind.
    fn read_up_to(path: &Path, limit: usize) -> io::Result<Option<Self>> {
        // Opening a FIFO would wait for its writer.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut file = File::open(path)?;
        let mut buffer = Zeroizing::new(vec![0; limit + 1]);
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Not truncated: that keeps a megabyte for each file.
        Ok((filled <= limit).then(|| Self(Zeroizing::new(buffer[..filled].to_vec()))))
    }

    /// The sections of one kind; `None` for one that is damaged.
    fn sections<T: PemObject>(&self) -> impl Iterator<Item = Option<T>> {
        T::pem_slice_iter(&self.0).map(Result::ok)
    }

    fn text(&self, setting: &'static str, path: &Path) -> Result<&str, Error> {
        std::str::from_utf8(&self.0).map_err(|_| unusable(setting, path, "it is not PEM".into()))
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pem(..)")
    }
}

fn unusable(setting: &'static str, path: &Path, source: Source) -> Error {
    Error::TlsFile { setting, file: path.to_path_buf(), source }
}
