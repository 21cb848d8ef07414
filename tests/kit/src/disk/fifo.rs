//! A file whose readers wait for a writer that never comes.

use std::path::Path;
use std::{fs, io};

use rustix::fs::{CWD, FileType, Mode, mknodat};

/// Replaces the file at `path`, if there is one, by a FIFO that is never written: a reader that
/// opens it as any file hangs.
///
/// # Panics
///
/// When it cannot be made.
pub fn replace_by_fifo(path: impl AsRef<Path>) {
    let path = path.as_ref();
    let new = path.with_extension("fifo");
    mknodat(CWD, &new, FileType::Fifo, Mode::from_raw_mode(0o600), 0)
        .map_err(io::Error::from)
        .and_then(|()| fs::rename(&new, path))
        .unwrap_or_else(|error| panic!("cannot make the FIFO {}: {error}", path.display()));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{TempDir, TestCommand, wait_until};

    #[test]
    fn a_reader_hangs_in_place_of_the_file() {
        let directory = TempDir::new();
        let path = directory.join("secrets.json");
        fs::write(&path, "content").unwrap();
        replace_by_fifo(&path);
        let reader = TestCommand::new("cat").arg(&path).start();
        wait_until("the reader to hang", Duration::from_secs(30), || {
            let call = fs::read_to_string(format!("/proc/{}/wchan", reader.id())).unwrap_or_default();
            call.contains("fifo_open") || call.contains("wait_for_partner")
        });
        assert_eq!(reader.stdout(), "");
    }
}
