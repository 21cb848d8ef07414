//! The certificate authorities that servers are checked by.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ld_blocking::{BoundedCalls, Spawner};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::READ_LIMIT;

/// The authorities: those of the system, or of a file. They are read when the first connection
/// needs them.
#[derive(Debug)]
pub(crate) struct Roots {
    /// `AWS_CA_BUNDLE`.
    bundle: Option<PathBuf>,
    reads: BoundedCalls,
    config: Mutex<Option<Arc<ClientConfig>>>,
}

impl Roots {
    pub(crate) fn new(bundle: Option<PathBuf>) -> Self {
        let reads = BoundedCalls::new("reading certificate authorities", Spawner::Threads, 1);
        Self { bundle, reads, config: Mutex::default() }
    }

    /// The settings for TLS with these authorities.
    pub(super) async fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(config) = self.known().clone() {
            return Ok(config);
        }
        let bundle = self.bundle.clone();
        let read = self.reads.run(READ_LIMIT, move || read(bundle)).await;
        let config = Arc::new(read.map_err(|error| error.to_string())??);
        *self.known() = Some(Arc::clone(&config));
        Ok(config)
    }

    /// Reads the authorities again for the next connection.
    pub(super) fn forget(&self) {
        *self.known() = None;
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Arc<ClientConfig>>> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(bundle: Option<PathBuf>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    let place = match bundle {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(&path)
                .map_err(|error| format!("AWS_CA_BUNDLE '{}' cannot be read: {error}", path.display()))?;
            roots.add_parsable_certificates(certificates.flatten());
            format!("AWS_CA_BUNDLE '{}'", path.display())
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            "the system (install ca-certificates, or set SSL_CERT_FILE or AWS_CA_BUNDLE)".to_owned()
        }
    };
    if roots.is_empty() {
        return Err(format!("no certificate authorities are found in {place}"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
