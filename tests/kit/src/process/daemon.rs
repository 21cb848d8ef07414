//! A running program: its output so far, and signals to it.

use std::fs;
use std::io::{self, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::disk::disks::Disks;
use crate::process::child::{Process, describe};
use crate::process::output::{Output, ReaderStart};
use crate::process::secret_marker::leaking_line;

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A started [`TestCommand`](crate::TestCommand).
///
/// Dropping it kills it, and panics if its output shows a secret
/// ([`SECRET_MARKER`](crate::SECRET_MARKER)).
#[derive(Debug)]
pub struct Daemon {
    process: Process,
    stdout: Output,
    stderr: Output,
    /// Thawed on drop: a thread that waits for a frozen disk cannot be killed.
    disks: Option<Disks>,
}

impl Daemon {
    pub(crate) fn spawn(
        mut command: Command,
        stdin: &[u8],
        [stdout, stderr]: [ReaderStart; 2],
        disks: Option<Disks>,
    ) -> io::Result<Self> {
        let ((stdout, out), (stderr, err)) = (Output::new(stdout)?, Output::new(stderr)?);
        command.stdin(Stdio::piped()).stdout(out).stderr(err);
        // This drops the command, and with it the kit's copies of the pipes' writers.
        let process = Process::spawn(command)?;
        if let Some(mut pipe) = process.take_stdin() {
            // A program that does not read its input may close the pipe.
            let _ = pipe.write_all(stdin);
        }
        Ok(Self { process, stdout, stderr, disks })
    }

    /// Reads the rest of its standard output, after
    /// [`TestCommand::pause_stdout`](crate::TestCommand::pause_stdout).
    pub fn resume_stdout(&self) {
        self.stdout.resume();
    }

    /// Stops reading its standard error: after 4 KiB the pipe is full.
    pub fn pause_stderr(&self) {
        self.stderr.pause();
    }

    /// Reads its standard error again, from where the reading stopped.
    pub fn resume_stderr(&self) {
        self.stderr.resume();
    }

    /// Sets the soft limit of a resource while it runs.
    ///
    /// The resource is named by the long option of `prlimit`: `nofile`, `fsize`, `nproc`.
    ///
    /// # Panics
    ///
    /// When `prlimit` fails.
    #[track_caller]
    pub fn limit(&self, resource: &str, value: u64) {
        let mut command = Command::new("prlimit");
        command.arg(format!("--pid={}", self.id())).arg(format!("--{resource}={value}:"));
        let status = command.status().expect("prlimit can be started (apt-get install util-linux)");
        assert!(status.success(), "prlimit --{resource}={value}: {status}");
    }

    /// Number of its threads; 0 when it has ended.
    #[must_use]
    pub fn threads(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.id())).map_or(0, Iterator::count)
    }

    /// A field of its status that is an amount of memory, such as `VmHWM`, in KiB.
    ///
    /// # Panics
    ///
    /// It has ended, or has no such field.
    #[must_use]
    pub fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).expect("it runs");
        let amount = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let amount = amount.expect("it has this field").trim().trim_end_matches(" kB");
        amount.parse().expect("a number")
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has not ended. A frozen process has not.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.try_wait().is_none()
    }

    /// Standard output so far, invalid UTF-8 replaced.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Standard error so far, invalid UTF-8 replaced.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until standard error contains `text`.
    ///
    /// # Panics
    ///
    /// When it does not within `limit`, or the process ends before. The message has the output.
    #[track_caller]
    pub fn wait_for_stderr(&self, text: &str, limit: Duration) {
        self.wait_until(&format!("standard error to contain {text:?}"), limit, |daemon| {
            daemon.stderr().contains(text)
        });
    }

    /// Waits until standard output contains `text`.
    ///
    /// # Panics
    ///
    /// As [`Daemon::wait_for_stderr`].
    #[track_caller]
    pub fn wait_for_stdout(&self, text: &str, limit: Duration) {
        self.wait_until(&format!("standard output to contain {text:?}"), limit, |daemon| {
            daemon.stdout().contains(text)
        });
    }

    /// Waits until `condition` holds.
    ///
    /// # Panics
    ///
    /// When it does not hold within `limit`, or the process ends before. The message has `what` and
    /// the output.
    #[track_caller]
    pub fn wait_until(&self, what: &str, limit: Duration, mut condition: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        loop {
            let ended = self.process.try_wait();
            if let Some(status) = ended.filter(|_| self.drained()) {
                assert!(condition(self), "{} instead of {what}{}", describe(status), self.report());
                return;
            }
            if condition(self) {
                return;
            }
            assert!(start.elapsed() < limit, "waited {limit:?} in vain for {what}{}", self.report());
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Waits until it has ended and all its output is read.
    ///
    /// # Panics
    ///
    /// When it has not ended within `limit`. The message has the output.
    #[track_caller]
    pub fn wait(&self, limit: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait() {
                self.wait_for_output();
                return status;
            }
            assert!(start.elapsed() < limit, "it has not ended within {limit:?}{}", self.report());
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Asks it to end, as Ctrl-C does (SIGINT).
    pub fn interrupt(&self) {
        self.process.signal(Signal::INT);
    }

    /// Tells it to load its configuration again (SIGHUP).
    pub fn hang_up(&self) {
        self.process.signal(Signal::HUP);
    }

    /// Stops all its threads (SIGSTOP); they are stopped when this returns.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// Kills it (SIGKILL) and waits until it has ended.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// The whole standard output and standard error of a program that has ended.
    pub(crate) fn into_output(self) -> (String, String) {
        self.wait_for_output();
        (self.stdout(), self.stderr())
    }

    fn wait_for_output(&self) {
        // A grandchild may hold a pipe open, so the wait has a limit.
        let start = Instant::now();
        while !self.drained() && start.elapsed() < Duration::from_secs(2) {
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn drained(&self) -> bool {
        self.stdout.is_drained() && self.stderr.is_drained()
    }

    fn report(&self) -> String {
        format!("\n--- stdout\n{}\n--- stderr\n{}", self.stdout(), self.stderr())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(disks) = self.disks.as_ref().filter(|_| self.is_running()) {
            disks.thaw_all();
        }
        let output = [self.stdout(), self.stderr()];
        if let Some(line) = output.iter().find_map(|text| leaking_line(text))
            && !thread::panicking()
        {
            panic!("the program prints a secret: {line}");
        }
    }
}
