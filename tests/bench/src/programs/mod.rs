//! Builds, installs and starts the programs that are compared.

mod original;
mod process;
mod subject;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use ld_workspace::Failure;
use ld_workspace::cargo;
pub(crate) use original::{WATCHER as ORIGINAL_WATCHER, install as install_original};
pub(crate) use process::SubjectProcess;
pub(crate) use subject::Subject;

/// The only environment variables of a subject, beside those for S3, so that the developer's shell
/// changes no figure.
const VARIABLES: [&str; 2] = ["PATH", "HOME"];

/// The paths of the programs.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) ours: PathBuf,
    /// Python in the original's virtual environment.
    original: Option<PathBuf>,
    pub(crate) floor: PathBuf,
    /// Cargo's target directory, which is on a disk.
    pub(crate) target: PathBuf,
}

impl Programs {
    /// Builds ours, unless `watcher` is given, and the floor, and installs the original if asked
    /// for.
    pub(crate) fn prepare(with_original: bool, watcher: Option<&Path>) -> Result<Self, Failure> {
        let target = cargo::target_directory()?;
        // Separate builds: one build of both would give each the features of the other.
        let own = watcher.is_none().then_some("live-data-watcher");
        for package in own.into_iter().chain(["ld-floor"]) {
            println!("Building {package} for release.");
            let arguments = ["build", "--release", "--quiet", "--locked", "--package", package];
            cargo::run(cargo::command(&arguments))?;
        }
        let release = target.join("release");
        Ok(Self {
            ours: watcher.map_or_else(|| release.join("live-data-watcher"), Path::to_owned),
            original: if with_original { Some(original::install(&target)?) } else { None },
            floor: release.join("ld-floor"),
            target,
        })
    }

    /// Starts a subject. `config` is an INI file, or the list of nodes for the floor. `variables`
    /// are added to its environment.
    pub(crate) fn start(
        &self,
        subject: Subject,
        servers: &str,
        config: &Path,
        log: &Path,
        variables: &[(&'static str, String)],
    ) -> Result<SubjectProcess, Failure> {
        // setpriv makes the kernel kill the subject when this process dies, then execs the subject.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]);
        match subject {
            Subject::Ours => command.arg(&self.ours).arg(config),
            Subject::Floor => command.arg(&self.floor).arg(servers).arg(config),
            Subject::Original => {
                let python =
                    self.original.as_ref().ok_or_else(|| Failure::new("the original is not installed"))?;
                command.arg(python).args(["-m", original::WATCHER]).arg(config)
            }
        };
        command.env_clear();
        command.envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let cannot = || format!("cannot write {}", log.display());
        let output = File::create(log).map_err(Failure::doing(cannot()))?;
        let errors = output.try_clone().map_err(Failure::doing(cannot()))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let started = Instant::now();
        let child = command.spawn().map_err(Failure::doing(format!("cannot start {}", subject.name())))?;
        Ok(SubjectProcess { subject, child, log: log.to_owned(), started })
    }
}
