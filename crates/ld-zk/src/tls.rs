//! TLS: the certificates, read afresh, and why a server and this client do not come together.

mod files;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use ld_config::{TlsConfig, chain};
use rustls::ClientConfig;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tracing::{error, info};
use zookeeper::{TlsDynamicCerts, TlsOptions};

use crate::Error;
use crate::backoff::jittered;
use files::Files;
pub(crate) use probe::reachable;

/// How often the files are read again while sessions live, on average.
const RELOAD_INTERVAL: Duration = Duration::from_secs(60);
/// How long one reading of the files may take, on a file system that hangs.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// The TLS of a client. Its sessions share the certificates: what is read anew holds for their reconnects, too.
#[derive(Debug)]
pub(crate) struct Tls {
    config: TlsConfig,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last good files: they stay in use while they are being replaced.
    last: Option<Loaded>,
    logged: Option<String>,
}

#[derive(Debug)]
struct Loaded {
    files: Files,
    material: Material,
}

/// What the files are to the ZooKeeper crate, and to us when it fails without a reason.
#[derive(Debug, Clone)]
pub(crate) struct Material {
    certs: TlsDynamicCerts,
    probe: Arc<ClientConfig>,
}

impl Material {
    pub(crate) fn options(&self) -> TlsOptions {
        TlsOptions::new().with_certs(self.certs.clone())
    }
}

impl Tls {
    pub(crate) fn new(config: TlsConfig) -> Self {
        Self { config, state: Mutex::default() }
    }

    /// Reads the files now. While they cannot be used the last good ones stay in use, and it is logged once why.
    pub(crate) async fn refresh(&self) -> Result<Material, Error> {
        let mut state = self.state.lock().await;
        let config = self.config.clone();
        let read = timeout(READ_LIMIT, spawn_blocking(move || Files::read(&config))).await;
        let read = match read {
            Ok(Ok(files)) => files,
            Ok(Err(_)) | Err(_) => {
                Err(self.unusable("zookeeper.tls.ca", "the file system does not answer".into()))
            }
        };
        match read.and_then(|files| state.take(files, &self.config)) {
            Ok(material) => Ok(material),
            Err(error) => {
                let Some(last) = &state.last else { return Err(error) };
                let (material, text) = (last.material.clone(), chain(&error));
                if state.logged.as_ref() != Some(&text) {
                    error!("{text}; going on with the certificates that are known");
                    state.logged = Some(text);
                }
                Ok(material)
            }
        }
    }

    /// Reads the files again and again, for the reconnects of sessions that live. Never ends.
    pub(crate) async fn keep_fresh(&self) {
        loop {
            sleep(jittered(RELOAD_INTERVAL)).await;
            // Without any good files there is no session, and the next dial says why.
            let _ = self.refresh().await;
        }
    }

    fn unusable(&self, setting: &'static str, source: Box<dyn std::error::Error + Send + Sync>) -> Error {
        Error::TlsFile { setting, file: self.config.ca.clone(), source }
    }
}

impl State {
    fn take(&mut self, files: Files, config: &TlsConfig) -> Result<Material, Error> {
        if let Some(last) = self.last.as_ref().filter(|last| last.files == files) {
            self.logged = None;
            return Ok(last.material.clone());
        }
        let probe = files.client_config(config)?;
        let certs = files.certs(config)?;
        let certs = match &self.last {
            None => TlsDynamicCerts::new(certs),
            Some(last) => {
                info!("the TLS certificates have changed and are taken for new connections");
                last.material.certs.update(certs);
                last.material.certs.clone()
            }
        };
        let material = Material { certs, probe };
        self.last = Some(Loaded { files, material: material.clone() });
        self.logged = None;
        Ok(material)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ld_testkit::{Authority, TempDir};

    use super::*;

    fn shown(material: &Material) -> String {
        format!("{:?}", material.certs)
    }

    #[tokio::test(start_paused = true)]
    async fn living_sessions_get_what_the_files_hold_now_and_keep_it_while_they_are_damaged() {
        let directory = TempDir::new();
        let ca = directory.join("ca.pem");
        fs::write(&ca, Authority::new().pem()).unwrap();
        let tls = Tls::new(TlsConfig { ca: ca.clone(), identity: None });
        let material = tls.refresh().await.unwrap();
        let first = shown(&material);
        fs::write(&ca, "damaged").unwrap();
        tls.refresh().await.unwrap();
        assert!(tls.state.lock().await.logged.is_some());
        assert_eq!(shown(&material), first);
        fs::write(&ca, Authority::new().pem()).unwrap();
        let renewed = async {
            while shown(&material) == first {
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = tls.keep_fresh() => {}
            renewed = timeout(2 * RELOAD_INTERVAL, renewed) => renewed.expect("it is read within a minute or so"),
        }
        assert_eq!(tls.state.lock().await.logged, None);
    }

    #[tokio::test]
    async fn the_first_reading_must_be_good() {
        let directory = TempDir::new();
        let tls = Tls::new(TlsConfig { ca: directory.join("ca.pem"), identity: None });
        for (content, expected) in [
            ("", "it holds no certificate of an authority"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it holds no certificate of"),
            ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "it is damaged"),
        ] {
            fs::write(&tls.config.ca, content).unwrap();
            let error = chain(&tls.refresh().await.unwrap_err());
            assert!(
                error.starts_with("zookeeper.tls.ca: cannot use '") && error.contains(expected),
                "{error}"
            );
        }
    }
}
