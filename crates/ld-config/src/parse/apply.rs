//! One key of the file, applied to the settings.

use super::literal;
use crate::ini::Entry;
use crate::keys::Key;
use crate::problem::Position;
use crate::problems::Problems;
use crate::quote::{NO_VALUE, Text};

/// Reads a key from its entry. `at` is where an error goes if there is no entry.
pub(super) fn apply<T>(
    key: &Key<T>,
    settings: &mut T,
    name: &str,
    entry: Option<Entry<'_>>,
    at: Position,
    problems: &mut Problems,
) {
    let at = entry.map_or(at, |entry| entry.at);
    let Some(entry) = entry.filter(|entry| !entry.value.is_empty()) else {
        if key.required {
            problems.error(at, Some(name), NO_VALUE);
        }
        return;
    };
    for warning in literal::warnings(&entry) {
        problems.warn(at, Some(name), warning);
    }
    match (key.read)(settings, Text::expanded(entry.value, entry.written)) {
        Ok(None) => {}
        Ok(Some(warning)) => problems.warn(at, Some(name), warning),
        Err(message) => problems.error(at, Some(name), message),
    }
}
