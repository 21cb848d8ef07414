//! Starts the I/O thread of the ZooKeeper crate before anything depends on it.
//!
//! The crate does its I/O with async-io, which makes one thread and one epoll descriptor for the
//! whole process at its first use and panics when the system refuses them. Refused a descriptor,
//! its thread ends, and it never makes another one: sessions would hang until the program is
//! started again. So all of it is made here, where a refusal is an error. Once it runs, nothing
//! that the system refuses can end it.

use std::io;
use std::os::unix::net::UnixStream;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::Error;

/// How many pairs of descriptors must be free: async-io needs three descriptors to start, a session
/// one.
const SPARE_PAIRS: usize = 3;

/// async-io failed to start, and cannot start any more in this process.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Makes sure that the I/O thread runs.
///
/// # Errors
/// [`Error::CannotStart`] if the system refuses a thread or descriptors. It can be tried again,
/// unless the refusal came in the middle: then it fails until the program is started again.
pub(crate) fn start_io_thread() -> Result<(), Error> {
    let refused = |source| Error::CannotStart { source };
    spare().map_err(refused)?;
    let started = catch_unwind(|| {
        let (socket, _) = UnixStream::pair()?;
        async_io::Async::new(socket).map(drop)
    });
    match started {
        Ok(started) if !FAILED.load(Ordering::Relaxed) => started.map_err(refused),
        _ => {
            FAILED.store(true, Ordering::Relaxed);
            let problem = "its I/O thread was refused by the system; start the program again";
            Err(refused(io::Error::other(problem)))
        }
    }
}

/// Tries out what async-io needs, since it panics when that is refused.
fn spare() -> io::Result<()> {
    let _descriptors = (0..SPARE_PAIRS).map(|_| UnixStream::pair()).collect::<io::Result<Vec<_>>>()?;
    // Joined, since a limit on threads counts it until it has ended.
    let _ = thread::Builder::new().name("ld-zk-start".to_owned()).spawn(|| {})?.join();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_io_thread_is_started_any_number_of_times() {
        assert!(start_io_thread().is_ok());
        assert!(start_io_thread().is_ok());
    }
}
