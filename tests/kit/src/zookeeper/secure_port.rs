//! A second port of a server, with TLS.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use crate::network::certificates::Certificate;

/// The server's certificate, and the certificates that it asks of its clients.
#[derive(Debug, Clone)]
pub struct SecurePort {
    /// The server's own certificate.
    pub certificate: Certificate,
    /// The PEM of the authority that must have issued each client's certificate. `None` asks for no
    /// certificate.
    pub clients: Option<String>,
}

const KEY_STORE: &str = "server.pem";
const TRUST_STORE: &str = "clients.pem";

impl SecurePort {
    /// Writes the server's key and trust stores, and returns the lines for `zoo.cfg`.
    pub(crate) fn write(&self, directory: &Path, address: SocketAddr) -> String {
        self.certificate.write_store(directory);
        let mut text = format!(
            "secureClientPort={port}\nsecureClientPortAddress={ip}\n\
             serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
             ssl.keyStore.location={store}\nssl.keyStore.type=PEM\n",
            port = address.port(),
            ip = address.ip(),
            store = directory.join(KEY_STORE).display(),
        );
        // Writing to a String cannot fail.
        let _ = match &self.clients {
            None => writeln!(text, "ssl.clientAuth=none"),
            Some(authority) => {
                let store = directory.join(TRUST_STORE);
                fs::write(&store, authority).expect("the server's trust store can be written");
                writeln!(
                    text,
                    "ssl.clientAuth=need\nssl.trustStore.location={}\nssl.trustStore.type=PEM",
                    store.display()
                )
            }
        };
        text
    }
}

impl Certificate {
    /// Writes the certificate that the server shows from its next start on.
    pub(crate) fn write_store(&self, directory: &Path) {
        let store = format!("{}{}", self.key, self.cert);
        fs::write(directory.join(KEY_STORE), store).expect("the server's key store can be written");
    }
}
