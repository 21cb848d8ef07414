//! The thread that writes log lines to standard error, the only one that may hang there.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::log_buffer::LogBuffer;
use crate::progress::Bar;

/// How long lines gather after a write. A line after a pause is written at once; a burst of lines
/// wakes this thread once a millisecond, and not for each line.
const GATHER: Duration = Duration::from_millis(1);

/// Linux writes up to this many bytes to a pipe in one piece: lines of several processes do not
/// mix.
const PIPE_BUF: usize = 4096;

/// Starts the thread. It lives as long as the process.
///
/// # Errors
///
/// The system refuses a thread.
pub(crate) fn start(buffer: Arc<LogBuffer>) -> io::Result<()> {
    let work = move || {
        let mut bar = Bar::default();
        loop {
            let (lines, progress) = buffer.take();
            bar.write(progress, || {
                // A failing standard error cannot be reported.
                let _ = write_lines(rustix::stdio::stderr(), &lines);
            });
            thread::sleep(GATHER);
        }
    };
    thread::Builder::new().name("log".into()).spawn(work).map(drop)
}

/// Whether standard error takes bytes now.
pub(crate) fn has_room() -> bool {
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    // An error is not worth waiting for.
    wait_for_room(rustix::stdio::stderr(), Some(&at_once)).unwrap_or(false)
}

/// Writes one line without the thread, unless standard error has no room for it within `limit`.
pub(crate) fn write_one(line: &str, limit: Timespec) {
    let stderr = rustix::stdio::stderr();
    if matches!(wait_for_room(stderr, Some(&limit)), Ok(true)) {
        let _ = write_lines(stderr, line.as_bytes());
    }
}

fn write_lines(out: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let (lines, rest) = bytes.split_at(whole_lines(bytes));
        write_all(out, lines)?;
        bytes = rest;
    }
    Ok(())
}

/// How many bytes the whole lines have that fit in [`PIPE_BUF`], or the first line alone if it is
/// longer.
fn whole_lines(bytes: &[u8]) -> usize {
    if bytes.len() <= PIPE_BUF {
        return bytes.len();
    }
    let is_end = |byte: &u8| *byte == b'\n';
    let end = bytes[..PIPE_BUF].iter().rposition(is_end).or_else(|| bytes.iter().position(is_end));
    end.map_or(bytes.len(), |end| end + 1)
}

fn write_all(out: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(out, bytes) {
            Ok(written) => bytes = &bytes[written..],
            // Another process may have made a shared terminal or pipe non-blocking.
            Err(Errno::AGAIN) => _ = wait_for_room(out, None)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether `out` takes bytes, or fails at once, within `limit`.
fn wait_for_room(out: BorrowedFd<'_>, limit: Option<&Timespec>) -> Result<bool, Errno> {
    let mut ready = [PollFd::from_borrowed_fd(out, PollFlags::OUT)];
    match poll(&mut ready, limit) {
        Err(Errno::INTR) => Ok(false),
        ready => ready.map(|count| count > 0),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    use super::*;

    #[test]
    fn lines_are_written_whole_and_at_most_a_pipe_buffer_at_once() {
        let line = [&[b'x'; 999][..], b"\n"].concat();
        assert_eq!(whole_lines(&line.repeat(3)), 3_000);
        assert_eq!(whole_lines(&line.repeat(9)), 4_000);
        let long = [&[b'x'; 5_000][..], b"\nshort\n"].concat();
        assert_eq!(whole_lines(&long), 5_001);
        assert_eq!(whole_lines(&[b'x'; 5_000]), 5_000);
    }

    #[test]
    fn a_full_non_blocking_pipe_is_waited_for() {
        let (mut reader, writer) = io::pipe().unwrap();
        fcntl_setfl(&writer, fcntl_getfl(&writer).unwrap() | OFlags::NONBLOCK).unwrap();
        let text = "a line\n".repeat(100_000);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                write_lines(writer.as_fd(), text.as_bytes()).unwrap();
                drop(writer);
            });
            let mut read = String::new();
            reader.read_to_string(&mut read).unwrap();
            assert!(read == text);
        });
    }

    #[test]
    fn a_full_pipe_has_no_room_within_the_limit() {
        let (_reader, writer) = io::pipe().unwrap();
        fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
        while rustix::io::write(&writer, &[0; 4096]).is_ok() {}
        let limit = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
        assert_eq!(wait_for_room(writer.as_fd(), Some(&limit)), Ok(false));
    }
}
