//! A running binary: its output as it comes, and signals to it.

use std::io::{self, Read, Write};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::planted::leak;
use crate::process::{Process, describe};

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A started [`TestCommand`](crate::TestCommand). Dropping it kills it, and panics if its output shows a secret
/// ([`PLANTED`](crate::PLANTED)).
#[derive(Debug)]
pub struct Daemon {
    process: Process,
    stdout: Output,
    stderr: Output,
    /// Lets a slow reader of standard output go on.
    resume: Option<Sender<()>>,
}

/// What came out of one pipe so far, and the thread that reads it.
#[derive(Debug)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Daemon {
    pub(crate) fn spawn(command: Command, stdin: &[u8], slow_reader: bool) -> io::Result<Self> {
        let process = Process::spawn(command)?;
        let (input, output, error) = process.take_pipes();
        if let Some(mut pipe) = input {
            // Whoever does not read its input closes the pipe: that is no failure.
            let _ = pipe.write_all(stdin);
        }
        let missing = || io::Error::other("a pipe is missing");
        let (resume, pause) = slow_reader.then(mpsc::channel).unzip();
        let stdout = Output::read(output.ok_or_else(missing)?, pause)?;
        let stderr = Output::read(error.ok_or_else(missing)?, None)?;
        Ok(Self { process, stdout, stderr, resume })
    }

    /// Reads the rest of a standard output that [`TestCommand::pause_stdout`](crate::TestCommand::pause_stdout) left unread.
    pub fn resume_stdout(&self) {
        if let Some(resume) = &self.resume {
            // Without a reader there is nothing left to read.
            let _ = resume.send(());
        }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has not ended (a frozen one has not).
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
    /// When it does not within `limit`, or the process ends without it; the message has the output.
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
    /// When it does not within `limit`, or the process ends without it; the message has `what` and the output.
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

    /// Waits for its end, and for the last of its output.
    ///
    /// # Panics
    ///
    /// When it has not ended within `limit`; the message has the output.
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

    /// Asks it to end as Ctrl-C does (SIGINT).
    pub fn interrupt(&self) {
        self.process.signal(Signal::INT);
    }

    /// Tells it to load its configuration again (SIGHUP).
    pub fn hang_up(&self) {
        self.process.signal(Signal::HUP);
    }

    /// Stops it where it is (SIGSTOP); it stands still when this returns.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// The whole output of one that has ended.
    pub(crate) fn into_output(self) -> (String, String) {
        self.wait_for_output();
        (self.stdout(), self.stderr())
    }

    fn wait_for_output(&self) {
        // A grandchild that holds a pipe open would keep its reader for ever.
        let start = Instant::now();
        while !self.drained() && start.elapsed() < Duration::from_secs(2) {
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn drained(&self) -> bool {
        // A slow reader may have stopped for good.
        let stdout = self.resume.is_some() || self.stdout.reader.is_finished();
        stdout && self.stderr.reader.is_finished()
    }

    fn report(&self) -> String {
        format!("\n--- stdout\n{}\n--- stderr\n{}", self.stdout(), self.stderr())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let output = [self.stdout(), self.stderr()];
        if let Some(line) = output.iter().find_map(|text| leak(text))
            && !thread::panicking()
        {
            panic!("the program shows a secret: {line}");
        }
    }
}

impl Output {
    fn read(mut pipe: impl Read + Send + 'static, pause: Option<Receiver<()>>) -> io::Result<Self> {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let target = Arc::clone(&bytes);
        let reader = thread::Builder::new().name("testkit-output".into()).spawn(move || {
            let mut part = [0; 8 << 10];
            let mut pause = pause;
            while let Ok(count @ 1..) = pipe.read(&mut part) {
                target.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&part[..count]);
                if let Some(pause) = pause.take() {
                    // Its end is the daemon's.
                    let _ = pause.recv();
                }
            }
        })?;
        Ok(Self { bytes, reader })
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}
