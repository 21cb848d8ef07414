//! The tool of a rollout: the code of `live-data-ctl` in this process, or the program.

use std::fs;
use std::time::Duration;

use ld_publish::ld_config::{Config, SecretsConfig, ZooKeeperConfig};
use ld_publish::ld_fleet::{RolloutPace, RolloutState, Share};
use ld_publish::ld_zk::{Client, Options};
use ld_publish::{Error, Note, Rollout, RolloutError, plan, start_rollout};
use ld_testkit::{TempDir, TestCommand, binary};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::testbed::{CHROOT, Testbed};

/// Limit for a step of a tool that does not die.
const LIMIT: Duration = Duration::from_secs(15);
const AUTHOR: &str = "chaos@testbed";

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// The tool says that nothing was changed.
    Refused,
    Unknown,
}

pub(super) struct Tool {
    config: Config,
    directory: TempDir,
    runtime: Runtime,
}

impl Tool {
    pub(super) fn new(testbed: &Testbed) -> Result<Self, String> {
        let explain = |error: &dyn std::fmt::Display| format!("cannot set up the tool: {error}");
        let hosts = format!("{}{CHROOT}", testbed.ensemble.connect_string());
        let mut config = Config::default();
        config.zookeeper =
            ZooKeeperConfig::builder().hosts(&hosts).build().map_err(|error| explain(&error))?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| explain(&error))?;
        let tool = Self { config, directory: TempDir::new(), runtime };
        let text = format!("[live-data]\nzookeeper.hosts = {hosts}\n");
        fs::write(tool.directory.join("config.ini"), text).map_err(|error| explain(&error))?;
        Ok(tool)
    }

    pub(super) fn start(
        &self,
        node: usize,
        candidate: Vec<u8>,
        first: u16,
        life: Option<Duration>,
    ) -> Outcome {
        self.run(life, async |client| {
            let steps = vec![share(first), Share::WHOLE];
            let pace = RolloutPace { steps, soak: Duration::ZERO, max_bad: Share::WHOLE, check: false };
            let limit = self.config.zookeeper.max_node_bytes;
            let plan = plan(&client, &source(node), candidate, limit).await?;
            let note = Note::new(AUTHOR, "")?;
            start_rollout(&self.config.publish, &plan, pace, &note, None, std::future::pending())
                .await
                .map(drop)
        })
    }

    pub(super) fn raise(&self, node: usize, larger: u16, life: Option<Duration>) -> Outcome {
        self.change(node, life, async |rollout| {
            rollout.set_share(&self.config.publish, share(larger)).await.map(drop)
        })
    }

    pub(super) fn set_paused(&self, node: usize, is_paused: bool, life: Option<Duration>) -> Outcome {
        let state = if is_paused { RolloutState::Paused } else { RolloutState::Running };
        self.change(node, life, async |rollout| rollout.set_state(state).await.map(drop))
    }

    pub(super) fn promote(&self, node: usize, life: Option<Duration>) -> Outcome {
        self.change(node, life, async |rollout| {
            rollout.promote(&self.config, std::future::pending()).await.map(drop)
        })
    }

    pub(super) fn abort(&self, node: usize, life: Option<Duration>) -> Outcome {
        let publish = &self.config.publish;
        self.run(life, async |client| Rollout::abort(&client, publish, &source(node)).await)
    }

    /// A subcommand of `live-data-ctl rollout`, which is killed after `life`.
    pub(super) fn program(&self, subcommand: &str, node: usize, life: Option<Duration>) -> Outcome {
        let command = TestCommand::new(binary("live-data-ctl"))
            .args(["rollout", subcommand])
            .arg(self.directory.join("config.ini"))
            .arg(source(node));
        match life {
            Some(life) => {
                let program = command.start();
                std::thread::sleep(life);
                program.kill();
                Outcome::Unknown
            }
            None if command.run(Duration::from_secs(120)).code == Some(0) => Outcome::Done,
            None => Outcome::Unknown,
        }
    }

    fn change(
        &self,
        node: usize,
        life: Option<Duration>,
        step: impl AsyncFnOnce(Rollout) -> Result<(), Error>,
    ) -> Outcome {
        let publish = &self.config.publish;
        self.run(life, async |client| {
            let path = source(node);
            let rollout = Rollout::read(&client, publish, &path).await?;
            step(rollout.ok_or(RolloutError::Missing { path })?).await
        })
    }

    /// Runs one step with a session of its own. After `life` it is dropped wherever it is.
    fn run(&self, life: Option<Duration>, step: impl AsyncFnOnce(Client) -> Result<(), Error>) -> Outcome {
        self.runtime.block_on(async {
            let client = Client::new(&self.config.zookeeper, &SecretsConfig::default(), Options::default());
            let Ok(client) = client else { return Outcome::Unknown };
            match timeout(life.unwrap_or(LIMIT), step(client)).await {
                Ok(Ok(())) => Outcome::Done,
                Ok(Err(Error::Rollout(RolloutError::StableChanged { .. } | RolloutError::Exists { .. }))) => {
                    Outcome::Refused
                }
                Ok(Err(_)) | Err(_) => Outcome::Unknown,
            }
        })
    }
}

fn share(parts: u16) -> Share {
    Share::try_from(parts).unwrap_or(Share::WHOLE)
}

/// The path of a node below the chroot.
fn source(node: usize) -> String {
    format!("/n{node}")
}
