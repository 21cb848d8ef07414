//! The SOURCE argument.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use ld_cli::Exit;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, major, minor};
use tracing::error;

/// The device number of `/dev/null` on Linux.
const DEV_NULL: (u32, u32) = (1, 3);

/// SOURCE, opened.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    /// Whether it can be read again, from any offset.
    pub is_regular: bool,
    /// Whether it is standard input, a named pipe or a shell's `<(...)`.
    may_be_cut: bool,
}

/// Reads the new content: at most one byte more than may be written, so that a file too large is
/// noticed without being read whole. Blocks.
///
/// # Errors
///
/// All are logged. [`Exit::Usage`]: it cannot be opened or read. [`Exit::Failed`]: standard input
/// is closed, or what comes from it, or from another pipe, is empty without `allow_empty`.
pub fn read_source(path: &Path, max_node_bytes: usize, allow_empty: bool) -> Result<Vec<u8>, Exit> {
    let opened = open_source(path)?;
    let limit = (max_node_bytes as u64).saturating_add(1);
    let mut content = Vec::new();
    (&opened.file).take(limit).read_to_end(&mut content).map_err(|cause| unreadable(path, &cause))?;
    opened.check_size(path, content.len() as u64, allow_empty)?;
    Ok(content)
}

/// Opens SOURCE.
///
/// # Errors
///
/// All are logged. [`Exit::Usage`]: it cannot be opened. [`Exit::Failed`]: standard input is
/// closed.
pub fn open_source(path: &Path) -> Result<Opened, Exit> {
    if is_standard_input(path) && is_closed() {
        error!("standard input is closed; nothing was written (to empty the node, give /dev/null as SOURCE)");
        return Err(Exit::Failed);
    }
    let open = || {
        if path == Path::new("-") {
            let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
            return Ok(Opened { file, is_regular: false, may_be_cut: true });
        }
        let file = File::open(path)?;
        let kind = file.metadata()?.file_type();
        let may_be_cut = kind.is_fifo() || is_standard_input(path);
        Ok(Opened { file, is_regular: kind.is_file() && !is_standard_input(path), may_be_cut })
    };
    open().map_err(|cause| unreadable(path, &cause))
}

impl Opened {
    /// Refuses what is empty and may come from a failed command.
    ///
    /// # Errors
    ///
    /// [`Exit::Failed`], logged.
    pub fn check_size(&self, path: &Path, bytes: u64, allow_empty: bool) -> Result<(), Exit> {
        if bytes > 0 || allow_empty || !self.may_be_cut {
            return Ok(());
        }
        let what = if is_standard_input(path) { "standard input".into() } else { path.display().to_string() };
        error!("{what} is empty; nothing was written (give --allow-empty to empty the node)");
        Err(Exit::Failed)
    }
}

/// Logs why SOURCE cannot be read.
pub fn unreadable(path: &Path, cause: &io::Error) -> Exit {
    error!("cannot read {}: {cause}", path.display());
    Exit::Usage
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
