//! The three that are compared, as programs and as running processes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::original;
use ld_workspace::Failure;
use ld_workspace::cargo;

/// How much of a contestant's log a failure shows.
const LOG_TAIL_LINES: usize = 10;
/// The environment of a contestant: nothing of the developer's may speed it up or slow it down.
const ENVIRONMENT: [&str; 2] = ["PATH", "HOME"];

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contestant {
    /// `live-data-watcher` of this workspace.
    Ours,
    /// That of baseplate.py.
    Original,
    /// `ld-floor`.
    Floor,
}

impl Contestant {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Original => "original",
            Self::Floor => "floor",
        }
    }
}

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) ours: PathBuf,
    /// The Python of the original's environment.
    original: Option<PathBuf>,
    pub(super) floor: PathBuf,
    /// Cargo's target directory, which is on a disk.
    pub(super) target: PathBuf,
}

impl Programs {
    /// Builds ours and the floor, and installs the original if it is wanted.
    pub(super) fn prepare(with_original: bool) -> Result<Self, Failure> {
        let metadata = cargo::metadata()?;
        let target = metadata["target_directory"].as_str().map(PathBuf::from);
        let target = target.ok_or_else(|| Failure::new("cargo metadata names no target directory"))?;
        // One after the other: built together, each would get the features that the other asks for.
        for package in ["live-data-watcher", "ld-floor"] {
            println!("Building {package} for release.");
            cargo::run(cargo::command(&["build", "--release", "--quiet", "--locked", "--package", package]))?;
        }
        let release = target.join("release");
        Ok(Self {
            ours: release.join("live-data-watcher"),
            original: if with_original { Some(original::install(&target)?) } else { None },
            floor: release.join("ld-floor"),
            target,
        })
    }

    /// Starts a contestant with the files that a [`super::stage::Stage`] has written.
    pub(super) fn start(
        &self,
        who: Contestant,
        servers: &str,
        config: &Path,
        log: &Path,
    ) -> Result<Running, Failure> {
        // The kernel kills it when this process dies, however that happens. setpriv then becomes the program.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]);
        match who {
            Contestant::Ours => command.arg(&self.ours).arg(config),
            Contestant::Floor => command.arg(&self.floor).arg(servers).arg(config),
            Contestant::Original => {
                let python = self.original.as_ref().ok_or_else(|| Failure::new("the original is missing"))?;
                command.arg(python).args(["-m", original::WATCHER]).arg(config)
            }
        };
        command.env_clear();
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        let output = File::create(log).map_err(Failure::doing("cannot write a contestant's log"))?;
        let errors = output.try_clone().map_err(Failure::doing("cannot write a contestant's log"))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let started = Instant::now();
        let child = command.spawn().map_err(Failure::doing(format!("cannot start {}", who.name())))?;
        Ok(Running { who, child, log: log.to_owned(), started })
    }
}

/// A contestant that runs; it is killed with this value.
#[derive(Debug)]
pub(super) struct Running {
    who: Contestant,
    child: Child,
    log: PathBuf,
    pub(super) started: Instant,
}

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error if it has ended by itself.
    pub(super) fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.failure(&format!("it ended with {status}"))),
            Err(error) => Err(self.failure(&format!("it cannot be waited for: {error}"))),
        }
    }

    /// What went wrong, with the end of its log.
    pub(super) fn failure(&self, what: &str) -> Failure {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n  ");
        Failure::new(format!("{}: {what}; its log ends with\n  {tail}", self.who.name()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
