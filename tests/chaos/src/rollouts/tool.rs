//! The tool of a rollout: `live-data-ctl rollout`, which dies at any moment.

use std::fs;
use std::thread;
use std::time::Duration;

use ld_testkit::{Daemon, TempDir, TestCommand, binary};

use crate::testbed::{CHROOT, Testbed};

/// How long each share is watched.
const SOAK: &str = "1s";
/// Limit for a step of a tool that does not die.
const LIMIT: Duration = Duration::from_secs(120);

pub(super) struct Tool {
    directory: TempDir,
    node: usize,
}

impl Tool {
    pub(super) fn new(testbed: &Testbed, node: usize) -> Result<Self, String> {
        let tool = Self { directory: TempDir::new(), node };
        let hosts = format!("{}{CHROOT}", testbed.ensemble.connect_string());
        fs::write(tool.directory.join("config.ini"), format!("[live-data]\nzookeeper.hosts = {hosts}\n"))
            .map_err(|error| format!("cannot set up the tool: {error}"))?;
        Ok(tool)
    }

    /// Starts a rollout with these shares, and conducts it.
    pub(super) fn start(&self, candidate: &[u8], steps: &[u64]) -> Result<TestCommand, String> {
        let source = self.directory.join("source");
        fs::write(&source, candidate).map_err(|error| format!("cannot write a candidate: {error}"))?;
        let steps: Vec<_> =
            steps.iter().map(|parts| format!("{}.{:02}%", parts / 100, parts % 100)).collect();
        let command = self.command("start").arg(source).arg(self.path());
        Ok(command.args(["--steps", &steps.join(","), "--soak", SOAK, "--author", "chaos@testbed"]))
    }

    /// Conducts the rollout that there is.
    pub(super) fn resume(&self) -> Daemon {
        self.command("resume").arg(self.path()).start()
    }

    /// Takes one step, and kills the program after `life`. Returns whether it says that all is
    /// done.
    pub(super) fn step(&self, subcommand: &str, life: Option<Duration>) -> bool {
        let command = self.command(subcommand).arg(self.path());
        match life {
            Some(life) => {
                let program = command.start();
                thread::sleep(life);
                program.kill();
                false
            }
            None => command.run(LIMIT).code == Some(0),
        }
    }

    fn command(&self, subcommand: &str) -> TestCommand {
        let command = TestCommand::new(binary("live-data-ctl")).args(["rollout", subcommand]);
        command.arg(self.directory.join("config.ini"))
    }

    /// The path of the node below the chroot.
    fn path(&self) -> String {
        format!("/n{}", self.node)
    }
}
