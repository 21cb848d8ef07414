//! Commands: their arguments, user, limits and faults.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::disk::disks::Disks;
use crate::network::hosts_file::HostsFile;
use crate::process::binary::binary;
use crate::process::child::bound_command;
use crate::process::daemon::Daemon;
use crate::process::fake_clock::FakeClock;
use crate::process::faults::Faults;
use crate::process::output::ReaderStart;

/// A command that a test runs to its end, or starts as a [`Daemon`].
///
/// It never outlives the test process. Its standard input is empty without [`TestCommand::stdin`],
/// and it inherits the environment.
#[derive(Debug, Clone)]
pub struct TestCommand {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, Option<OsString>)>,
    directory: Option<OsString>,
    stdin: Vec<u8>,
    /// Programs that execute the rest of the command line, outermost first.
    wrappers: Vec<Vec<OsString>>,
    user: Vec<OsString>,
    /// The wrapper right before the program.
    innermost: Vec<OsString>,
    stdout: ReaderStart,
    stderr: ReaderStart,
    disks: Option<Disks>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestOutput {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, invalid UTF-8 replaced.
    pub stderr: String,
}

impl TestOutput {
    /// Asserts that it ended with `code`, and with `reason` in standard error.
    ///
    /// # Panics
    ///
    /// Otherwise.
    #[track_caller]
    pub fn assert_ends(&self, code: i32, reason: &str) {
        assert_eq!(self.code, Some(code), "{reason}: {}", self.stderr);
        assert!(self.stderr.contains(reason), "{reason} in {}", self.stderr);
    }
}

impl TestCommand {
    /// A command of `program`, which is a path or a name in PATH.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: None,
            stdin: Vec::new(),
            wrappers: Vec::new(),
            user: Vec::new(),
            innermost: Vec::new(),
            stdout: ReaderStart::Reading,
            stderr: ReaderStart::Reading,
            disks: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    /// Puts the directory of the built programs before all others in `PATH`.
    ///
    /// # Panics
    ///
    /// If the programs cannot be built.
    #[must_use]
    pub fn programs_in_path(self) -> Self {
        let programs = binary("live-data-ctl");
        let programs = programs.parent().expect("a program is in a directory").display();
        let path = std::env::var("PATH").unwrap_or_default();
        self.env("PATH", format!("{programs}:{path}"))
    }

    /// Removes an environment variable.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), None));
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(directory.as_ref().as_os_str().to_owned());
        self
    }

    /// Sets its standard input, of at most 64 KiB. It is written before the program reads.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        assert!(self.stdin.len() <= 64 << 10, "more standard input than a pipe holds");
        self
    }

    /// Reads only the first bytes of its standard output, as a pager does.
    ///
    /// A program that writes more than a pipe holds (less than 128 KiB) then waits until
    /// [`Daemon::resume_stdout`].
    #[must_use]
    pub fn pause_stdout(mut self) -> Self {
        self.stdout = ReaderStart::PausedAfterFirst;
        self
    }

    /// Reads nothing of its standard error until [`Daemon::resume_stderr`]. The pipe holds 4 KiB.
    #[must_use]
    pub fn pause_stderr(mut self) -> Self {
        self.stderr = ReaderStart::Paused;
        self
    }

    /// As [`TestCommand::pause_stderr`], with a pipe that is full from the start.
    #[must_use]
    pub fn full_stderr(mut self) -> Self {
        self.stderr = ReaderStart::PausedFull;
        self
    }

    /// Runs it as another user, without supplementary groups and without capabilities. Needs root.
    #[must_use]
    pub fn user(self, user: u32, group: u32) -> Self {
        self.user_with_capabilities(user, group, &[])
    }

    /// Runs it as another user with only these capabilities (`chown`, `fowner`). Needs root.
    #[must_use]
    pub fn user_with_capabilities(mut self, user: u32, group: u32, capabilities: &[&str]) -> Self {
        let all: String = capabilities.iter().map(|capability| format!(",+{capability}")).collect();
        self.user =
            ["setpriv".into(), format!("--reuid={user}"), format!("--regid={group}")].map(Into::into).into();
        self.user.push("--clear-groups".into());
        self.user.extend(["inh-caps", "ambient-caps"].map(|set| format!("--{set}=-all{all}").into()));
        // A change of the user clears the signal for the parent's death: set it again.
        self.user.extend(["--pdeathsig", "KILL", "--"].map(Into::into));
        self
    }

    /// Limits a resource, named by the long option of `prlimit`: `nofile`, `fsize`, `as`, `nproc`.
    #[must_use]
    pub fn limit(self, resource: &str, value: u64) -> Self {
        self.wrapped_by(["prlimit".into(), format!("--{resource}={value}:{value}"), "--".into()])
    }

    /// Resolves names only by `hosts`. Needs root.
    #[must_use]
    pub fn hosts(self, hosts: &HostsFile) -> Self {
        self.wrapped_by(hosts.wrapper())
    }

    /// Runs it with the wall clock `clock`.
    #[must_use]
    pub fn clock(self, clock: &FakeClock) -> Self {
        self.wrapped_by(clock.wrapper())
    }

    /// Runs it with faults that the test switches on and off meanwhile.
    #[must_use]
    pub fn faults(mut self, faults: &Faults) -> Self {
        self.innermost = faults.wrapper(Path::new(&self.program)).into_iter().map(Into::into).collect();
        self
    }

    /// Runs it where it sees `disks`. Needs root.
    #[must_use]
    pub fn disks(self, disks: &Disks) -> Self {
        let command = match disks.faults() {
            Some(faults) => self.faults(faults),
            None => self,
        };
        Self { disks: Some(disks.clone()), ..command.wrapped_by(disks.wrapper()) }
    }

    /// Runs the command line through another program, given with its arguments.
    ///
    /// The other program must execute the command line in its own process, because signals go to
    /// one process id. `faketime` and `nice` do. The first wrapper is the outermost.
    #[must_use]
    pub fn wrapped_by(mut self, wrapper: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.wrappers.push(wrapper.into_iter().map(|part| part.as_ref().to_owned()).collect());
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// When it cannot be started, or has not ended within `limit`. Then it is killed, and the
    /// message has its output.
    #[track_caller]
    pub fn run(&self, limit: Duration) -> TestOutput {
        let daemon = self.start();
        let code = daemon.wait(limit).code();
        let (stdout, stderr) = daemon.into_output();
        TestOutput { code, stdout, stderr }
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start(&self) -> Daemon {
        Daemon::spawn(self.command(), &self.stdin, [self.stdout, self.stderr], self.disks.clone())
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()))
    }

    fn command(&self) -> Command {
        // The user changes last, because mounts and raised limits need root.
        let line = self.wrappers.iter().chain([&self.user, &self.innermost]).flatten();
        let mut line = line.chain([&self.program]).chain(&self.arguments);
        let mut command = bound_command(line.next().expect("there is a program"));
        command.args(line);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(self.directory.as_deref().unwrap_or(OsStr::new(".")));
        command
    }
}
