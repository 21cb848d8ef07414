//! Guards against poison: what content must be like before it replaces a good file.

mod check;
mod children;
mod first_line;
mod format;
mod running;
mod session;
mod toml_depth;

#[cfg(test)]
mod tests;

use std::path::Path;

use ld_config::{Guards, chain};

use crate::file::FileError;

pub use children::reap_orphans;
pub use running::Checks;

/// Why content does not pass. The text says which guard and why, and never shows content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Verdict {
    /// The content is bad: the same content would be rejected again.
    #[error("{0}")]
    Rejected(String),
    /// The content could not be judged: try again.
    #[error("cannot be checked")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The check was ended with all others: nothing follows for the content.
    #[error("is not judged: interrupted")]
    Interrupted,
}

impl Verdict {
    /// The text with its causes, in one line.
    pub(crate) fn describe(&self) -> String {
        chain(self)
    }
}

impl From<FileError> for Verdict {
    fn from(error: FileError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// Judges `content` by all guards that are set, cheapest first. Blocks, with a check for [`check::LIMIT`] at most, or
/// until `checks` are ended. The check sees the content in a file beside `dest`.
pub(crate) fn judge(guards: &Guards, dest: &Path, content: &[u8], checks: &Checks) -> Result<(), Verdict> {
    let bytes = content.len();
    if let Some(least) = guards.min_bytes.filter(|least| bytes < *least) {
        return Err(Verdict::Rejected(format!("it has {bytes} bytes, and min_bytes is {least}")));
    }
    if let Some(most) = guards.max_bytes.filter(|most| bytes > *most) {
        return Err(Verdict::Rejected(format!("it has {bytes} bytes, and max_bytes is {most}")));
    }
    if let Some(format) = guards.format {
        format::parse(format, content).map_err(Verdict::Rejected)?;
    }
    if let Some(program) = &guards.check {
        check::run(program, dest, content, checks)?;
    }
    Ok(())
}
