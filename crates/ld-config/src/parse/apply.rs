//! One key of the file, applied to the settings.

use super::literal;
use crate::ini::Entry;
use crate::keys::Key;
use crate::problems::Problems;
use crate::quote::{NO_VALUE, Text};

/// Reads a key from its entry. `line` is where an error goes if there is no entry.
pub(super) fn apply<T>(
    key: &Key<T>,
    settings: &mut T,
    name: &str,
    entry: Option<Entry<'_>>,
    line: usize,
    problems: &mut Problems,
) {
    let line = entry.map_or(line, |entry| entry.line);
    let Some(entry) = entry.filter(|entry| !entry.value.is_empty()) else {
        if key.required {
            problems.error(line, Some(name), NO_VALUE);
        }
        return;
    };
    for warning in literal::warnings(&entry) {
        problems.warn(line, Some(name), warning);
    }
    match (key.read)(settings, Text::expanded(entry.value, entry.written)) {
        Ok(None) => {}
        Ok(Some(warning)) => problems.warn(line, Some(name), warning),
        Err(message) => problems.error(line, Some(name), message),
    }
}
