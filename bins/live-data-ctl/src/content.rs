//! The content of a node in a file, for commands that ask no server.

use std::path::Path;

use ld_cli::Exit;
use ld_config::{counted, znode_path};
use ld_tool::{failed, read_source};
use tracing::error;

/// No node is so large: ZooKeeper's own limit is about 1 MiB.
const MAX_BYTES: usize = 64 << 20;

/// Reads the content. Blocks.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Exit> {
    let content = read_source(file, MAX_BYTES, true)?;
    if content.len() <= MAX_BYTES {
        return Ok(content);
    }
    error!("{} has more than {}", file.display(), counted(MAX_BYTES as u64, "byte"));
    Err(Exit::Failed)
}

/// Reads the content that is to be signed. Blocks.
pub(crate) fn read_to_sign(file: &Path) -> Result<Vec<u8>, Exit> {
    let content = read(file)?;
    // A command before it in a pipe may have failed.
    if content.is_empty() && file == Path::new("-") {
        error!("standard input is empty; nothing was signed (to sign the empty content, give /dev/null)");
        return Err(Exit::Failed);
    }
    Ok(content)
}

/// The path of a node in its one form. The root is none.
pub(crate) fn path(given: &str) -> Result<String, Exit> {
    match znode_path(given) {
        Ok(path) if path == "/" => {
            error!("'{given}' is not a node: name one below the root, such as /app/config");
            Err(Exit::Usage)
        }
        Ok(path) => Ok(path),
        Err(cause) => {
            failed(cause);
            Err(Exit::Usage)
        }
    }
}
