//! A file that blocks its readers: a FIFO without a writer.

use std::path::Path;
use std::{fs, io};

use rustix::fs::{CWD, FileType, Mode, mknodat};

/// Replaces the file at `path`, if any, by a FIFO without a writer: opening it to read hangs.
///
/// # Panics
///
/// When the FIFO cannot be made.
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
    fn a_reader_of_the_replaced_file_hangs() {
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
