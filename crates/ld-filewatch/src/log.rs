//! Log events for the application; without the feature `tracing` there are none.

use std::path::Path;

use crate::error::Error;

/// A new content was loaded; `recovered` if the one before it was rejected or missing.
pub(crate) fn loaded(path: &Path, version: u64, recovered: bool) {
    #[cfg(feature = "tracing")]
    match recovered {
        true => tracing::info!(path = %path.display(), version, "file loaded again after an error"),
        false => tracing::debug!(path = %path.display(), version, "file loaded"),
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (path, version, recovered);
}

/// The file is again what is in memory, after an error.
pub(crate) fn restored(path: &Path) {
    #[cfg(feature = "tracing")]
    tracing::info!(path = %path.display(), "file is back with the content in memory");
    #[cfg(not(feature = "tracing"))]
    let _ = path;
}

/// A new reason why the file's content could not be loaded.
pub(crate) fn failed(error: &Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!("{error}");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}
