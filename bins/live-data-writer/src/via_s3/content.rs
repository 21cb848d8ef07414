//! SOURCE as a file that is read twice: for its hash, and for the upload.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use ld_cli::Exit;
use ld_s3::NodePointer;
use ld_tool::{open_source, unreadable};
use sha2::{Digest, Sha256};
use tracing::error;

/// A pointer has at most so many bytes: more does not fit into a node.
const MAX_POINTER: u64 = 1 << 20;

/// The new content.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) file: Arc<File>,
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
}

impl Content {
    /// Reads SOURCE, at most one byte more than `max_bytes`. What is no regular file is copied into
    /// one without a name. Blocks.
    ///
    /// # Errors
    ///
    /// As [`ld_tool::read_source`], and [`Exit::Failed`], logged: it is too large, or a pointer
    /// itself.
    pub(super) fn read(path: &Path, max_bytes: u64, allow_empty: bool) -> Result<Self, Exit> {
        let opened = open_source(path)?;
        let mut copy = if opened.is_regular { None } else { Some(tempfile::tempfile().map_err(no_copy)?) };
        let (mut bytes, mut hash, mut buffer) = (0, Sha256::new(), vec![0; 256 * 1024]);
        loop {
            let read = match (&opened.file).read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => &buffer[..read],
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(unreadable(path, &cause)),
            };
            bytes += read.len() as u64;
            if bytes > max_bytes {
                error!(
                    "nothing was written: the content is too large, s3.max_bytes is {max_bytes}: watchers with \
                     this setting would not load it"
                );
                return Err(Exit::Failed);
            }
            hash.update(read);
            if let Some(copy) = &mut copy {
                copy.write_all(read).map_err(no_copy)?;
            }
        }
        opened.check_size(path, bytes, allow_empty)?;
        let file = Arc::new(copy.unwrap_or(opened.file));
        let content = Self { file, bytes, sha256: hash.finalize().into() };
        content.refuse_pointer(path)?;
        Ok(content)
    }

    /// All of it, in memory. Blocks.
    pub(super) fn load(&self) -> io::Result<Vec<u8>> {
        let mut content = vec![0; usize::try_from(self.bytes).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut content, 0)?;
        Ok(content)
    }

    /// A watcher would write such an object as it stands.
    fn refuse_pointer(&self, path: &Path) -> Result<(), Exit> {
        if self.bytes > MAX_POINTER {
            return Ok(());
        }
        let content = self.load().map_err(|cause| unreadable(path, &cause))?;
        if NodePointer::masked(&content).is_none() {
            return Ok(());
        }
        error!("nothing was written: {} is a pointer itself: write it without --via-s3", path.display());
        Err(Exit::Failed)
    }
}

fn no_copy(cause: io::Error) -> Exit {
    let directory = std::env::temp_dir();
    error!("nothing was written: the content cannot be copied into {}: {cause}", directory.display());
    Exit::Failed
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_measured_and_hashed_and_not_copied() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("source");
        fs::write(&path, "123456789").unwrap();
        let content = Content::read(&path, 9, false).unwrap();
        assert_eq!((content.bytes, content.load().unwrap()), (9, b"123456789".to_vec()));
        assert_eq!(content.sha256[..], Sha256::digest(b"123456789")[..]);
        assert!(Content::read(&path, 8, false).is_err());
    }

    #[test]
    fn a_pointer_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("source");
        fs::write(&path, r#"{"live_data_watcher_load_type": "S3"}"#).unwrap();
        assert_eq!(Content::read(&path, 1_000, false).unwrap_err(), Exit::Failed);
    }
}
