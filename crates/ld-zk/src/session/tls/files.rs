//! The PEM files: read, checked, and turned into what rustls and the ZooKeeper crate want.
//!
//! No error here has a parser's own text, which may quote the line that it rejects. In a file
//! without its line breaks that line is the key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ld_config::{SecretValue, TlsConfig, TlsIdentity, read_bounded_regular_file};
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use zookeeper::{TlsCa, TlsCerts};

use crate::Error;

/// The largest file, in bytes: the bundle of all public authorities has a quarter of it.
const MAX_PEM_BYTES: usize = 1 << 20;

/// What the files hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Files {
    ca: Pem,
    identity: Option<(Pem, Pem)>,
}

/// One file.
#[derive(Debug, PartialEq, Eq)]
struct Pem {
    setting: &'static str,
    path: PathBuf,
    content: SecretValue,
}

impl Files {
    /// Reads the files. Blocks.
    pub(super) fn read(config: &TlsConfig) -> Result<Self, Error> {
        let ca = Pem::read("zookeeper.tls.ca", &config.ca)?;
        let identity = match &config.identity {
            None => None,
            Some(TlsIdentity { cert, key }) => {
                Some((Pem::read("zookeeper.tls.cert", cert)?, Pem::read("zookeeper.tls.key", key)?))
            }
        };
        Ok(Self { ca, identity })
    }

    /// The settings of a handshake of our own: the very checks that the ZooKeeper crate makes.
    pub(super) fn client_config(&self) -> Result<Arc<ClientConfig>, Error> {
        let mut roots = RootCertStore::empty();
        for cert in self.ca.sections::<CertificateDer<'static>>()? {
            // A certificate that is no authority is left out, as by the ZooKeeper crate.
            let _ = roots.add(cert);
        }
        if roots.is_empty() {
            return Err(self.ca.unusable("it holds no certificate of an authority"));
        }
        let lists = self.ca.sections::<CertificateRevocationListDer<'static>>()?;
        let builder = ClientConfig::builder();
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.into(), builder.crypto_provider().clone())
                .with_crls(lists)
                .build()
                .map_err(|_| self.ca.unusable("a revocation list in it is damaged"))?;
        let builder = builder.with_webpki_verifier(verifier);
        let Some((cert, key)) = &self.identity else {
            return Ok(builder.with_no_client_auth().into());
        };
        let certs = cert.sections::<CertificateDer<'static>>()?;
        if certs.is_empty() {
            return Err(cert.unusable("it holds no certificate"));
        }
        let private = PrivateKeyDer::from_pem_slice(key.content.expose())
            .map_err(|_| key.unusable("it holds no private key that is not encrypted"))?;
        let client = builder.with_client_auth_cert(certs, private);
        let not_its_key = |_| key.unusable("it is not the key of the certificate in zookeeper.tls.cert");
        client.map(Arc::new).map_err(not_its_key)
    }

    /// The same for the ZooKeeper crate, which is asked after [`Files::client_config`] found them
    /// good.
    pub(super) fn certs(&self) -> Result<TlsCerts, Error> {
        let refused = |_| self.ca.unusable("the ZooKeeper client refuses the certificates");
        let mut builder = TlsCerts::builder().with_ca(TlsCa::from_pem(self.ca.text()?).map_err(refused)?);
        if let Some((cert, key)) = &self.identity {
            let identity = zookeeper::TlsIdentity::from_pem(cert.text()?, key.text()?);
            builder = builder.with_identity(identity.map_err(refused)?);
        }
        builder.build().map_err(refused)
    }
}

impl Pem {
    fn read(setting: &'static str, path: &Path) -> Result<Self, Error> {
        let path = path.to_path_buf();
        match read_bounded_regular_file(&path, MAX_PEM_BYTES) {
            Ok(mut file) => {
                let content = SecretValue::new(std::mem::take(&mut *file.content));
                Ok(Self { setting, path, content })
            }
            Err(error) => Err(Error::TlsFile { setting, file: path, source: error.into() }),
        }
    }

    /// All sections of one kind.
    fn sections<T: PemObject>(&self) -> Result<Vec<T>, Error> {
        let sections: Result<_, _> = T::pem_slice_iter(self.content.expose()).collect();
        sections.map_err(|_| self.unusable("it is damaged"))
    }

    fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(self.content.expose()).map_err(|_| self.unusable("it is not PEM"))
    }

    fn unusable(&self, problem: &'static str) -> Error {
        Error::TlsFile { setting: self.setting, file: self.path.clone(), source: problem.into() }
    }
}
