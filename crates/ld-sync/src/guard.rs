//! Guards against poison: what content must be like before it replaces a good file.

mod check;
mod format;

#[cfg(test)]
mod tests;

use ld_config::{Guards, chain};

use crate::file::{FileError, Target};

/// Why content does not pass. The text says which guard and why, and never shows content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Verdict {
    /// The content is bad: the same content would be rejected again.
    #[error("{0}")]
    Rejected(String),
    /// The content could not be judged: try again.
    #[error("cannot be checked")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
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

/// Judges `content` by all guards that are set, cheapest first. Blocks, with a check for [`check::LIMIT`] at most. The check
/// sees the content in a file beside `target`.
pub(crate) fn judge(guards: &Guards, target: &Target, content: &[u8]) -> Result<(), Verdict> {
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
        check::run(program, target, content)?;
    }
    Ok(())
}
