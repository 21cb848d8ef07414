//! What comes out of one pipe of a running program, read by a thread of its own.

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
/// The least that a pipe can hold.
const SMALL: usize = 4096;
/// What a pipe holds by default.
const USUAL: usize = 64 << 10;

/// What came out of one pipe so far, and the thread that reads it.
#[derive(Debug)]
pub(crate) struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// The reader leaves what comes in the pipe.
    paused: Arc<AtomicBool>,
    /// To set the pipe's size.
    pipe: OwnedFd,
}

/// How the reader of a pipe begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Begin {
    /// It reads all the time.
    #[default]
    Reading,
    /// It pauses, after the first bytes.
    PausedAfterFirst,
    /// It pauses, and the pipe is small.
    Paused,
    /// The same, and the pipe is full already.
    PausedFull,
}

impl Output {
    /// A pipe and its reader; the program gets the writer.
    pub(crate) fn new(begin: Begin) -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        if matches!(begin, Begin::Paused | Begin::PausedFull) {
            fcntl_setpipe_size(&reader, SMALL)?;
        }
        let filled = if begin == Begin::PausedFull { fill(&writer)? } else { 0 };
        Ok((Self::read(reader, begin, filled)?, writer))
    }

    fn read(mut pipe: PipeReader, begin: Begin, filled: usize) -> io::Result<Self> {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let paused = Arc::new(AtomicBool::new(begin != Begin::Reading));
        let (target, gate, own) = (Arc::clone(&bytes), Arc::clone(&paused), OwnedFd::from(pipe.try_clone()?));
        let reader = thread::Builder::new().name("testkit-output".into()).spawn(move || {
            let mut part = [0; 8 << 10];
            let (mut skip, mut first) = (filled, begin == Begin::PausedAfterFirst);
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

    /// Leaves what comes from now on in the pipe, but for what is being read, and makes it small.
    pub(crate) fn pause(&self) {
        self.paused.store(true, Ordering::SeqCst);
        // The size stays if the pipe holds more: it is full after a while, nevertheless.
        let _ = fcntl_setpipe_size(&self.pipe, SMALL);
    }

    /// Reads on.
    pub(crate) fn resume(&self) {
        let _ = fcntl_setpipe_size(&self.pipe, USUAL);
        self.paused.store(false, Ordering::SeqCst);
    }

    /// Whether no more output can come. True of a paused one, too: it may never read on.
    pub(crate) fn is_drained(&self) -> bool {
        self.paused.load(Ordering::SeqCst) || self.reader.is_finished()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // A paused reader would wait without end.
        self.paused.store(false, Ordering::SeqCst);
    }
}

/// Fills the pipe and gives how much it took.
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
    fn a_paused_standard_error_stops_its_writer_until_it_is_read() {
        for command in [writer().pause_stderr(), writer().full_stderr()] {
            let program = command.start();
            let piped = || {
                let pipe = File::open(format!("/proc/{}/fd/2", program.id())).unwrap();
                rustix::io::ioctl_fionread(&pipe).unwrap()
            };
            // Full: whether with the program's bytes or with those before them.
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
