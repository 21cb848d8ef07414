//! TLS: the certificates, read afresh, and the reason when a handshake fails.

mod files;
mod probe;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::TlsConfig;
use rustls::ClientConfig;
use tokio::time::sleep;
use tracing::{error, info};
use zookeeper::{TlsDynamicCerts, TlsOptions};

use super::jittered;
use crate::Error;
use crate::panics::lock;
use files::Files;
pub(crate) use probe::reachable;

/// How often the files are read again while sessions live, on average.
const RELOAD_INTERVAL: Duration = Duration::from_secs(60);
/// How long a session waits for the files before it is opened with the certificates that are known.
const READ_LIMIT: Duration = Duration::from_secs(2);

type Read = fn(&TlsConfig) -> Result<Files, Error>;

/// The TLS of a client. Its sessions share the certificates: what is read anew holds for their
/// reconnects, too.
#[derive(Debug)]
pub(crate) struct Tls {
    /// One at a time: while it hangs there is no second one.
    calls: BoundedCalls,
    store: Arc<Store>,
}

/// What the sessions share with the thread that reads.
#[derive(Debug)]
struct Store {
    config: TlsConfig,
    read: Read,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last good files and what was made of them: they stay in use while they are being
    /// replaced.
    last: Option<(Files, Material)>,
    logged: Option<String>,
}

/// What is made of the files: for the ZooKeeper crate, and for a handshake of our own when the
/// crate fails without a reason.
#[derive(Debug, Clone)]
pub(crate) struct Material {
    certs: TlsDynamicCerts,
    probe: Arc<ClientConfig>,
}

impl Material {
    /// Opens a session over TLS.
    pub(crate) async fn connect(
        &self,
        connector: zookeeper::Connector,
        servers: &str,
    ) -> Result<zookeeper::Client, zookeeper::Error> {
        let options = TlsOptions::new().with_certs(self.certs.clone());
        connector.with_tls(options).secure_connect(servers).await
    }
}

impl Tls {
    pub(crate) fn new(config: TlsConfig, spawner: Spawner) -> Result<Self, Error> {
        Ok(Self::with(config, spawner, Files::read))
    }

    fn with(config: TlsConfig, spawner: Spawner, read: Read) -> Self {
        let what = format!("reading '{}' or another file of zookeeper.tls", config.ca.display());
        let store = Store { config, read, state: Mutex::default() };
        Self { calls: BoundedCalls::new(what, spawner, 1), store: Arc::new(store) }
    }

    /// Reads the files now and waits for that, 2 s at most. While they cannot be used, or a read
    /// hangs, the last good ones stay in use, and the log says once why. What a read finds is used
    /// however late it ends.
    ///
    /// # Errors
    /// [`Error::TlsFile`] while there were no good files yet.
    pub(crate) async fn refresh(&self) -> Result<Material, Error> {
        let store = Arc::clone(&self.store);
        let read = self.calls.run(READ_LIMIT, move || store.read()).await;
        let error = match read {
            Ok(Ok(material)) => return Ok(material),
            Ok(Err(error)) => error,
            Err(hung) => {
                let (setting, file) = ("zookeeper.tls.ca", self.store.config.ca.clone());
                Error::TlsFile { setting, file, source: Box::new(hung) }
            }
        };
        let mut state = lock(&self.store.state);
        let Some((_, material)) = &state.last else { return Err(error) };
        let (material, text) = (material.clone(), error.to_string());
        if state.logged.as_ref() != Some(&text) {
            error!("{text}; going on with the certificates that are known");
            state.logged = Some(text);
        }
        Ok(material)
    }

    /// Reads the files again and again, for the reconnects of sessions that live. Never ends.
    pub(crate) async fn keep_fresh(&self) {
        loop {
            sleep(jittered(RELOAD_INTERVAL)).await;
            // Without any good files there is no session, and the next dial says why.
            let _ = self.refresh().await;
        }
    }
}

impl Store {
    /// Reads the files and takes them over if they are good. Blocks.
    fn read(&self) -> Result<Material, Error> {
        let files = (self.read)(&self.config)?;
        let mut state = lock(&self.state);
        let material = match &state.last {
            Some((known, material)) if *known == files => material.clone(),
            last => {
                let probe = files.client_config()?;
                let certs = files.certs()?;
                let certs = match last {
                    None => TlsDynamicCerts::new(certs),
                    Some((_, material)) => {
                        info!("the TLS certificates have changed and are taken for new connections");
                        material.certs.update(certs);
                        material.certs.clone()
                    }
                };
                Material { certs, probe }
            }
        };
        (state.last, state.logged) = (Some((files, material.clone())), None);
        Ok(material)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{LazyLock, mpsc};

    use ld_testkit::{Authority, TempDir};
    use tokio::time::timeout;

    use super::*;

    fn shown(material: &Material) -> String {
        format!("{:?}", material.certs)
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_use_what_the_files_hold_and_keep_it_while_damaged() {
        let directory = TempDir::new();
        let ca = directory.join("ca.pem");
        fs::write(&ca, Authority::new().pem()).unwrap();
        let tls = Tls::new(TlsConfig::new(ca.clone()), Spawner::Runtime).unwrap();
        let material = tls.refresh().await.unwrap();
        let first = shown(&material);
        fs::write(&ca, "damaged").unwrap();
        tls.refresh().await.unwrap();
        assert!(lock(&tls.store.state).logged.is_some());
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
        assert_eq!(lock(&tls.store.state).logged, None);
    }

    #[tokio::test]
    async fn the_first_reading_must_be_good() {
        let directory = TempDir::new();
        let tls = TlsConfig::new(directory.join("ca.pem"));
        let tls = Tls::new(tls, Spawner::Runtime).unwrap();
        for (content, expected) in [
            ("", "it holds no certificate of an authority"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it holds no certificate of"),
            ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "it is damaged"),
        ] {
            fs::write(&tls.store.config.ca, content).unwrap();
            let error = tls.refresh().await.unwrap_err().to_string();
            assert!(
                error.starts_with("zookeeper.tls.ca: cannot use '") && error.contains(expected),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn files_that_hang_are_named_and_used_when_they_arrive() {
        static GATE: LazyLock<(mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>)> = LazyLock::new(|| {
            let (open, gate) = mpsc::channel();
            (open, Mutex::new(gate))
        });
        let directory = TempDir::new();
        let ca = directory.join("ca.pem");
        fs::write(&ca, Authority::new().pem()).unwrap();
        let tls = Tls::with(TlsConfig::new(ca), Spawner::Threads, |config| {
            GATE.1.lock().unwrap().recv().unwrap();
            Files::read(config)
        });
        let error = tls.refresh().await.unwrap_err().to_string();
        assert!(error.contains("zookeeper.tls has hung since "), "{error}");
        GATE.0.send(()).unwrap();
        while lock(&tls.store.state).last.is_none() {
            tokio::task::yield_now().await;
        }
        tls.refresh().await.expect("the next read hangs, but there are good files now");
        GATE.0.send(()).unwrap();
    }
}
