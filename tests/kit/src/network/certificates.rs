//! Certificate authorities of a test, and certificates that they issue.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The length of a line of PEM.
const PEM_WIDTH: usize = 64;

/// A certificate authority that only one test knows.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its private key, both as PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate.
    pub cert: String,
    /// Its private key (PKCS#8).
    pub key: String,
}

impl Authority {
    /// A new authority, with a key of its own.
    ///
    /// # Panics
    ///
    /// When no key can be made.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each call makes another authority")]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "ld-testkit authority");
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("an authority can be made");
        Self { issuer }
    }

    /// The authority's own certificate, as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", self.issuer.der())
    }

    /// A certificate for these host names or addresses, or for a client.
    ///
    /// It is valid from yesterday for eight days.
    ///
    /// # Panics
    ///
    /// When a name is invalid or no key can be made.
    #[must_use]
    pub fn issue(&self, names: &[&str]) -> Certificate {
        let now = SystemTime::now();
        self.issue_for(names, now - DAY, now + 7 * DAY)
    }

    /// A certificate that expired an hour ago.
    ///
    /// # Panics
    ///
    /// As [`Authority::issue`].
    #[must_use]
    pub fn issue_expired(&self, names: &[&str]) -> Certificate {
        let now = SystemTime::now();
        self.issue_for(names, now - 7 * DAY, now - DAY / 24)
    }

    fn issue_for(&self, names: &[&str], from: SystemTime, until: SystemTime) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("the names are valid");
        (params.not_before, params.not_after) = (from.into(), until.into());
        let key = key();
        let cert = params.signed_by(&key, &self.issuer).expect("a certificate can be signed");
        Certificate { cert: pem("CERTIFICATE", cert.der()), key: pem("PRIVATE KEY", key.serialized_der()) }
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = (0..text.len())
        .step_by(PEM_WIDTH)
        .map(|start| text[start..].get(..PEM_WIDTH).unwrap_or(&text[start..]))
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(..)")
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(..)")
    }
}
