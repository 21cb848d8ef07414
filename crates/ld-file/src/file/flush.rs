//! Flushing to the disk, also on file systems that do not support it.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use tracing::warn;

use super::system;

/// The devices that a warning was logged for.
static WARNED: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// Flushes a file or a directory of the file system on `device`; `shown` is a path on it. A file
/// system that does not support it (CIFS, FUSE, vboxsf) is warned of once, and its files count as
/// written.
pub(super) fn flush(file: impl AsFd, device: u64, shown: &Path) -> Result<(), Errno> {
    match system::fsync(file) {
        Err(error @ (Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)) => {
            if is_news(device) {
                warn!(
                    "the file system of '{}' does not support fsync ({error}): files there are written, but \
                     after a power cut they may be old, empty or missing until the next start",
                    shown.display()
                );
            }
            Ok(())
        }
        result => result,
    }
}

fn is_news(device: u64) -> bool {
    WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_warned_of_once() {
        assert!(is_news(u64::MAX));
        assert!(!is_news(u64::MAX));
    }
}
