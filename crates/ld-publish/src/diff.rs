//! The change of a node as text, to look at before it is made.

mod hunks;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use ld_config::counted;

/// Both sides together may have this many bytes; the line numbers and hashes of more would take too
/// much memory.
const MAX_INPUT_BYTES: usize = 8 * 1024 * 1024;

/// A longer text is of no use to a reader.
const MAX_OUTPUT_BYTES: usize = 8 * 1024 * 1024;

/// How a change is shown. Start from `DiffOptions::default()` and change what is different.
///
/// ```
/// use ld_publish::{Diff, DiffOptions, diff};
///
/// let options = DiffOptions::default().names("before", "after");
/// let Diff::Unified(text) = diff(b"5\n", b"6\n", &options) else { unreachable!() };
/// assert!(text.starts_with("--- before\n+++ after\n"));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DiffOptions {
    /// The name of the old side in the header.
    pub old_name: String,
    /// The name of the new side in the header.
    pub new_name: String,
    /// Whether to use the colours of a terminal.
    pub colour: bool,
    /// How long to look for a good diff before falling back to a summary.
    pub limit: Duration,
}

impl Default for DiffOptions {
    /// `old` and `new`, without colour, for 2 seconds.
    fn default() -> Self {
        Self { old_name: "old".into(), new_name: "new".into(), colour: false, limit: Duration::from_secs(2) }
    }
}

impl DiffOptions {
    /// The names of the two sides in the header.
    #[must_use]
    pub fn names(mut self, old: impl Into<String>, new: impl Into<String>) -> Self {
        (self.old_name, self.new_name) = (old.into(), new.into());
        self
    }

    /// Whether to use the colours of a terminal.
    #[must_use]
    pub fn colour(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// How long to look for a good diff before falling back to a summary.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

/// A change as text. Control characters and invisible ones are escaped: content cannot drive the
/// terminal that shows it, and hides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Diff {
    /// A unified diff with three lines of context, ending in a newline. Empty if nothing changed.
    Unified(String),
    /// One side or both are not UTF-8.
    Binary,
    /// The diff would take too long or be too large: bytes and lines before and after in one
    /// sentence, ending in a newline.
    Summary(String),
}

/// Compares two contents line by line, within the limits of `options` in time and 8 MiB of input
/// and of output. What [`Plan::diff`](crate::Plan::diff) shows, for contents that need not come
/// from a node.
///
/// The lines are those of baseplate.py's writer (`difflib.unified_diff`), but that only `\n` ends a
/// line and that a missing one at the end shows.
pub fn diff(old: &[u8], new: &[u8], options: &DiffOptions) -> Diff {
    let started = Instant::now();
    if old == new {
        return Diff::Unified(String::new());
    }
    let (Ok(old), Ok(new)) = (std::str::from_utf8(old), std::str::from_utf8(new)) else {
        return Diff::Binary;
    };
    if old.len().saturating_add(new.len()) > MAX_INPUT_BYTES {
        return summary(old, new);
    }
    // Overflows only for a limit of ages.
    let deadline = started.checked_add(options.limit);
    hunks::write(old, new, options, deadline).map_or_else(|| summary(old, new), Diff::Unified)
}

fn summary(old: &str, new: &str) -> Diff {
    let size = |text: &str| {
        format!("{} in {}", counted(text.len() as u64, "byte"), counted(count_lines(text) as u64, "line"))
    };
    Diff::Summary(format!("The change is too large to show: {} become {}.\n", size(old), size(new)))
}

fn count_lines(text: &str) -> usize {
    let ends = text.bytes().filter(|byte| *byte == b'\n').count();
    ends + usize::from(!text.is_empty() && !text.ends_with('\n'))
}
