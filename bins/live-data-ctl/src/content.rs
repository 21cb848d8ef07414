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

/// The path of a node in its one form.
pub(crate) fn path(given: &str) -> Result<String, Exit> {
    znode_path(given).map_err(|cause| {
        failed(cause);
        Exit::Usage
    })
}
