//! The output of a running program through one pipe, read by a thread.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pipe::fcntl_setpipe_size;

const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Smallest capacity of a pipe in bytes.
const SMALL: usize = 4096;
/// Default capacity of a pipe in bytes.
const USUAL: usize = 64 << 10;

/// The output through one pipe so far, and the thread that reads it.
#[derive(Debug)]
pub(crate) struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// The reader does not read.
    paused: Arc<AtomicBool>,
    /// To set the pipe's capacity.
    pipe: OwnedFd,
}

/// How the reader of a pipe starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ReaderStart {
    /// It reads all the time.
    #[default]
    Reading,
    /// It reads the first bytes, then pauses.
    PausedAfterFirst,
    /// It pauses at once, and the pipe is small.
    Paused,
    /// It pauses at once, and the pipe is small and full.
    PausedFull,
}

impl Output {
    /// A pipe and its reader. The returned writer is for the program.
    pub(crate) fn new(begin: ReaderStart) -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        if matches!(begin, ReaderStart::Paused | ReaderStart::PausedFull) {
            fcntl_setpipe_size(&reader, SMALL)?;
        }
        let filled = if begin == ReaderStart::PausedFull { fill(&writer)? } else { 0 };
        Ok((Self::read(reader, begin, filled)?, writer))
    }

    fn read(mut pipe: PipeReader, begin: ReaderStart, filled: usize) -> io::Result<Self> {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let paused = Arc::new(AtomicBool::new(begin != ReaderStart::Reading));
        let (target, gate, own) = (Arc::clone(&bytes), Arc::clone(&paused), OwnedFd::from(pipe.try_clone()?));
        let reader = thread::Builder::new().name("testkit-output".into()).spawn(move || {
            let mut part = [0; 8 << 10];
            let (mut skip, mut first) = (filled, begin == ReaderStart::PausedAfterFirst);
            loop {
                while gate.load(Ordering::SeqCst) && !first {
                    thread::sleep(POLL_INTERVAL);
                }
                first = false;
                let Ok(count @ 1..) = pipe.read(&mut part) else { return };
                let own = skip.min(count);
                skip -= own;
                target.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&part[own..count]);
            }
        })?;
        Ok(Self { bytes, reader, paused, pipe: own })
    }

    /// Pauses the reader, after a read that is under way, and makes the pipe small.
    pub(crate) fn pause(&self) {
        self.paused.store(true, Ordering::SeqCst);
        // A pipe that holds more keeps its capacity, and is full a little later.
        let _ = fcntl_setpipe_size(&self.pipe, SMALL);
    }

    /// Resumes reading.
    pub(crate) fn resume(&self) {
        let _ = fcntl_setpipe_size(&self.pipe, USUAL);
        self.paused.store(false, Ordering::SeqCst);
    }

    /// Whether no more output can come. True of a paused reader, too, since it may never resume.
    pub(crate) fn is_drained(&self) -> bool {
        self.paused.load(Ordering::SeqCst) || self.reader.is_finished()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // A paused reader would wait forever.
        self.paused.store(false, Ordering::SeqCst);
    }
}

/// Fills the pipe and returns how many bytes that took.
fn fill(pipe: &PipeWriter) -> io::Result<usize> {
    let flags = fcntl_getfl(pipe)?;
    fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?;
    let mut file = File::from(OwnedFd::from(pipe.try_clone()?));
    let mut filled = 0;
    let outcome = loop {
        match file.write(&[b'.'; 512]) {
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(filled),
            Err(error) => break Err(error),
        }
    };
    fcntl_setfl(pipe, flags)?;
    outcome
}

#[cfg(test)]
mod tests {
    use crate::{TestCommand, wait_until};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);
    /// Writes 8 KiB to standard error, then says so on standard output.
    const WRITER: &str = "head -c 8192 /dev/zero | tr '\\0' x >&2; echo written";

    fn writer() -> TestCommand {
        TestCommand::new("sh").args(["-c", WRITER])
    }

    #[test]
    fn a_paused_standard_error_blocks_its_writer() {
        for command in [writer().pause_stderr(), writer().full_stderr()] {
            let program = command.start();
            let piped = || {
                let pipe = File::open(format!("/proc/{}/fd/2", program.id())).unwrap();
                rustix::io::ioctl_fionread(&pipe).unwrap()
            };
            // Full, of the program's bytes or of those before them.
            wait_until("the pipe to be full", LIMIT, || piped() >= SMALL as u64 - 512);
            assert!(program.is_running() && program.stdout().is_empty() && program.stderr().is_empty());
            program.resume_stderr();
            assert_eq!(program.wait(LIMIT).code(), Some(0));
            assert_eq!((program.stdout().as_str(), program.stderr().len()), ("written\n", 8192));
        }
    }

    #[test]
    fn a_pipe_can_be_paused_while_the_program_runs() {
        let script = format!("echo first >&2; read -r _; {WRITER}");
        let program = TestCommand::new("sh").args(["-c", &script]).stdin("go\n").start();
        program.pause_stderr();
        program.resume_stderr();
        assert_eq!(program.wait(LIMIT).code(), Some(0));
        wait_until("all of it", LIMIT, || program.stderr().len() == 8192 + 6);
    }
}
