//! Opens directories that may lie on a file system that hangs.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long directories that are opened at one time may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Directories that are opened at one time, each by a thread of its own.
const AT_ONCE: usize = 64;

/// What one path is opened for. It opens the path, and gives up nothing of the process.
pub(crate) type Opener = Box<dyn FnOnce() -> io::Result<OwnedFd> + Send>;

/// Opens all of them, in order. What has no answer within [`LIMIT`] is an error, and its thread is
/// abandoned; it does nothing else when it gets one.
pub(crate) fn open_all(openers: Vec<(PathBuf, Opener)>) -> Vec<(PathBuf, io::Result<OwnedFd>)> {
    let mut opened = Vec::with_capacity(openers.len());
    let mut openers = openers.into_iter();
    loop {
        let wave: Vec<_> = openers.by_ref().take(AT_ONCE).collect();
        if wave.is_empty() {
            return opened;
        }
        opened.extend(open_wave(wave, LIMIT));
    }
}

fn open_wave(wave: Vec<(PathBuf, Opener)>, limit: Duration) -> Vec<(PathBuf, io::Result<OwnedFd>)> {
    let started: Vec<_> = wave
        .into_iter()
        .map(|(path, open)| {
            let (answer, answered) = mpsc::sync_channel(1);
            // The receiver may have given up.
            let work = move || drop(answer.send(open()));
            let thread = thread::Builder::new().name("ld-sandbox".into()).spawn(work).map(drop);
            (path, thread.map(|()| answered))
        })
        .collect();
    let deadline = Instant::now() + limit;
    let wait = |answered: mpsc::Receiver<_>| {
        let left = deadline.saturating_duration_since(Instant::now());
        let late = || io::Error::new(io::ErrorKind::TimedOut, "the file system does not answer");
        answered.recv_timeout(left).unwrap_or_else(|_| Err(late()))
    };
    started.into_iter().map(|(path, answered)| (path, answered.and_then(wait))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_hangs_is_an_error_and_costs_no_other() {
        let (release, hang) = mpsc::channel::<()>();
        let open = || std::fs::File::open("/").map(OwnedFd::from);
        let hangs = move || {
            let _ = hang.recv();
            open()
        };
        let wave: Vec<(PathBuf, Opener)> =
            vec![("/hung".into(), Box::new(hangs)), ("/".into(), Box::new(open))];
        let opened = open_wave(wave, Duration::from_millis(20));
        assert_eq!(opened[0].1.as_ref().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(opened[1].1.is_ok());
        drop(release);
    }

    #[test]
    fn more_than_one_wave_is_opened_in_order() {
        let open: fn() -> Opener = || Box::new(|| std::fs::File::open("/").map(Into::into));
        let paths = (0..AT_ONCE * 2 + 1).map(|number| (PathBuf::from(number.to_string()), open()));
        let opened = open_all(paths.collect());
        assert_eq!(opened.len(), AT_ONCE * 2 + 1);
        let in_order = |(number, (path, opened)): (usize, &(PathBuf, io::Result<OwnedFd>))| {
            opened.is_ok() && path.to_str() == Some(number.to_string().as_str())
        };
        assert!(opened.iter().enumerate().all(in_order));
    }
}
