//! The SOURCE argument.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ld_cli::Exit;
use tracing::error;

/// Reads at most one byte more than may be written, so that a file too large is seen and not swallowed.
pub(crate) fn read(path: &Path, max_node_bytes: usize) -> Result<Vec<u8>, Exit> {
    let limit = (max_node_bytes as u64).saturating_add(1);
    let mut content = Vec::new();
    let result = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut content)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut content))
    };
    match result {
        Ok(_) => Ok(content),
        Err(cause) => {
            error!("cannot read {}: {cause}", path.display());
            Err(Exit::Usage)
        }
    }
}
