//! One run of a program, within its limit.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use process_wrap::std::{CommandWrap, ProcessSession};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::children::OwnChild;
use crate::programs::Active;

/// Where a program finds its helpers if this process has no PATH.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// As much output is read at a time.
const PIECE: usize = 8 * 1024;

/// What was written before the end is read up to this: a pipe holds no more unless it was enlarged.
const MOST_AFTER_THE_END: usize = 64 * 1024;

/// How a program ended: one way or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, or by a signal.
    Itself(ExitStatus),
    /// It was killed at its limit.
    Late,
}

/// Gives `command` an environment of PATH alone, and `/` as its working directory.
pub fn clear_environment(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    command.env_clear().env("PATH", path).current_dir("/");
}

impl Active<'_> {
    /// Runs `command` and waits for its end. Its input is empty, and its output goes nowhere.
    ///
    /// Blocks for `limit` at most, unless the file system of the program hangs. All processes of
    /// its session are killed at its end.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn run(&self, mut command: Command, limit: Duration) -> io::Result<Ended> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.run_session(command, limit, None)
    }

    /// The same, but gives what it writes to either output to `on_output`, in pieces. Reading goes
    /// on until the end of the program: one that writes without end is not blocked.
    ///
    /// # Errors
    ///
    /// It cannot be started, or there is no descriptor for its output.
    pub fn run_with_output(
        &self,
        mut command: Command,
        limit: Duration,
        mut on_output: impl FnMut(&[u8]),
    ) -> io::Result<Ended> {
        let (reader, writer) = io::pipe()?;
        // What the program leaves behind could keep the pipe open.
        rustix::io::ioctl_fionbio(&reader, true)?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        self.run_session(command, limit, Some(Output { reader, on_output: &mut on_output }))
    }

    fn run_session(
        &self,
        command: Command,
        limit: Duration,
        output: Option<Output<'_>>,
    ) -> io::Result<Ended> {
        let mut command = CommandWrap::from(command);
        command.wrap(ProcessSession);
        let mut child = OwnChild::start(command)?;
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let session = self.session(leader.ok_or_else(|| io::Error::other("it has no process id"))?);
        let in_time = ends_within(limit, session.leader, output);
        // All that the program has started ends with it, before it is reaped: until then the
        // session's id is its own.
        drop(session);
        let status = child.wait()?;
        Ok(if in_time? { Ended::Itself(status) } else { Ended::Late })
    }
}

/// The output of a program while it runs.
struct Output<'a> {
    reader: PipeReader,
    on_output: &'a mut dyn FnMut(&[u8]),
}

impl Output<'_> {
    /// Reads one piece. Returns its length; `None` if there is nothing now, 0 at the end.
    fn read(&mut self) -> Option<usize> {
        let mut piece = [0; PIECE];
        let length = match self.reader.read(&mut piece) {
            Ok(length) => length,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return None;
            }
            Err(_) => 0,
        };
        if length > 0 {
            (self.on_output)(&piece[..length]);
        }
        Some(length)
    }

    /// Reads what was written before the end of the program.
    fn read_rest(&mut self) {
        let mut read = 0;
        while let Some(length @ 1..) = self.read() {
            read += length;
            if read >= MOST_AFTER_THE_END {
                return;
            }
        }
    }
}

/// Waits for the end of `child` itself. Returns whether it came within `limit`.
fn ends_within(limit: Duration, child: Pid, mut output: Option<Output<'_>>) -> io::Result<bool> {
    let deadline = Instant::now() + limit;
    let child: OwnedFd = pidfd_open(child, PidfdFlags::empty())?;
    let mut is_open = output.is_some();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        let reader = output.as_ref().filter(|_| is_open).map(|output| output.reader.as_fd());
        let mut ready: Vec<_> = [Some(child.as_fd()), reader]
            .into_iter()
            .flatten()
            .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN))
            .collect();
        match poll(&mut ready, Some(&timeout)) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let has_ended = !ready[0].revents().is_empty();
        if let Some(output) = &mut output {
            if has_ended {
                output.read_rest();
            } else if is_open {
                is_open = output.read() != Some(0);
            }
        }
        if has_ended {
            return Ok(true);
        }
        // A program that writes without end must not outrun its limit.
        if left.is_zero() {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests;
