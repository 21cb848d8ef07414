//! The SOURCE argument.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use ld_cli::Exit;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, major, minor};
use tracing::error;

/// The device number of `/dev/null` on Linux.
const DEV_NULL: (u32, u32) = (1, 3);

/// Reads the new content: at most one byte more than may be written, so that a file too large is
/// noticed without being read whole.
///
/// # Errors
///
/// All are logged. [`Exit::Usage`]: it cannot be opened or read. [`Exit::Failed`]: standard input
/// is closed, or what comes from it, or from another pipe, is empty without `allow_empty`.
pub(crate) fn read(path: &Path, max_node_bytes: usize, allow_empty: bool) -> Result<Vec<u8>, Exit> {
    if is_standard_input(path) && is_closed() {
        error!("standard input is closed; nothing was written (to empty the node, give /dev/null as SOURCE)");
        return Err(Exit::Failed);
    }
    let (content, is_pipe) = content(path, max_node_bytes).map_err(|cause| {
        error!("cannot read {}: {cause}", path.display());
        Exit::Usage
    })?;
    if content.is_empty() && !allow_empty && (is_pipe || is_standard_input(path)) {
        let what = if is_standard_input(path) { "standard input".into() } else { path.display().to_string() };
        error!("{what} is empty; nothing was written (give --allow-empty to empty the node)");
        return Err(Exit::Failed);
    }
    Ok(content)
}

/// The content, and whether it came through a named pipe or a shell's `<(...)`.
fn content(path: &Path, max_node_bytes: usize) -> io::Result<(Vec<u8>, bool)> {
    let limit = (max_node_bytes as u64).saturating_add(1);
    let mut content = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut content)?;
        return Ok((content, true));
    }
    let file = File::open(path)?;
    let is_pipe = file.metadata()?.file_type().is_fifo();
    file.take(limit).read_to_end(&mut content)?;
    Ok((content, is_pipe))
}

fn is_standard_input(path: &Path) -> bool {
    ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path == Path::new(name))
}

/// Whether standard input was closed when the process started. Rust's runtime opens `/dev/null` in
/// its place, for reading and writing, as hardly anything else does.
fn is_closed() -> bool {
    let stdin = io::stdin();
    let opened_by_runtime = |stat: rustix::fs::Stat| {
        FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
            && (major(stat.st_rdev), minor(stat.st_rdev)) == DEV_NULL
            && fcntl_getfl(&stdin).is_ok_and(|flags| flags & OFlags::ACCMODE == OFlags::RDWR)
    };
    fstat(&stdin).is_ok_and(opened_by_runtime)
}
