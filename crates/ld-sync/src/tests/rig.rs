//! One engine on a private directory.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::engine::Options;
use crate::{Engine, Loader, State, Status};
use ld_blocking::Spawner;
use ld_config::{NodeConfig, WatcherConfig};

use super::memory::Memory;

/// On the paused clock an engine never needs this long.
const DEADLINE: Duration = Duration::from_secs(900);

/// In real time, work that waits for nothing never needs this long.
const AT_ONCE: Duration = Duration::from_secs(60);

pub(crate) const HEARTBEAT: Duration = Duration::from_secs(300);
pub(crate) const DRIFT: Duration = Duration::from_secs(30);

pub(crate) struct Rig {
    pub(crate) memory: Memory,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) struct Running {
    pub(crate) engine: Engine,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self { memory: Memory::new(), dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Follows `/name` into the file `name` for each of `names`.
    pub(crate) fn start(&self, names: &[&str]) -> Running {
        self.start_nodes(
            names.iter().map(|name| NodeConfig::new(*name, format!("/{name}"), self.path(name))).collect(),
        )
    }

    pub(crate) fn start_nodes(&self, nodes: Vec<NodeConfig>) -> Running {
        self.start_on(nodes, None)
    }

    /// The same with a loader of what nodes point to.
    pub(crate) fn start_with_loader(&self, nodes: Vec<NodeConfig>, loader: Arc<dyn Loader>) -> Running {
        self.start_on(nodes, Some(loader))
    }

    fn start_on(&self, nodes: Vec<NodeConfig>, loader: Option<Arc<dyn Loader>>) -> Running {
        let settings = {
            let mut watcher = WatcherConfig::default();
            watcher.heartbeat_interval = HEARTBEAT;
            watcher.drift_interval = DRIFT;
            watcher.content_interval = Duration::ZERO;
            watcher
        };
        let source = Arc::new(self.memory.clone());
        // The paused clock stands still while such threads work.
        let mut options = Options::default();
        (options.loader, options.hashes, options.host) = (loader, true, Some(Arc::from("host")));
        Running { engine: Engine::start_on(Spawner::Runtime, source, nodes, settings, options).unwrap() }
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    pub(crate) fn mtime(&self, name: &str) -> SystemTime {
        fs::metadata(self.path(name)).unwrap().modified().unwrap()
    }

    pub(crate) fn inode(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).unwrap().ino()
    }
}

impl Running {
    pub(crate) fn status(&self, name: &str) -> Status {
        self.engine.status().into_iter().find(|status| status.name == name).unwrap()
    }

    pub(crate) async fn wait_for(&self, name: &str, state: State) -> Status {
        self.wait_until(&format!("{name} to be {}", state.as_str()), || self.status(name).state == state)
            .await;
        self.status(name)
    }

    /// Waits while the paused clock stands still, for a state that the clock would soon end.
    pub(crate) async fn wait_at_once_for(&self, name: &str, state: State) -> Status {
        let (began, now) = (std::time::Instant::now(), tokio::time::Instant::now());
        while self.status(name).state != state {
            // The clock does not move while a task is ready.
            tokio::task::yield_now().await;
            assert!(began.elapsed() < AT_ONCE, "{name} is not {}: {:?}", state.as_str(), self.status(name));
        }
        assert_eq!(tokio::time::Instant::now(), now, "the clock moved");
        self.status(name)
    }

    /// Waits on the paused clock: it moves as fast as the engine is idle.
    pub(crate) async fn wait_until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let wait = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(DEADLINE, wait).await.is_err() {
            panic!("waited in vain for {what}; now: {:?}", self.engine.status());
        }
    }
}
