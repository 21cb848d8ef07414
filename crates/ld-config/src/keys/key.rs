//! One key: how it is read, checked and printed.

use crate::quote::Text;

/// What to say about a value that works all the same.
pub(crate) type Warning = Option<String>;

/// One key and its place in the settings `T`.
pub(crate) struct Key<T: 'static> {
    /// For a node, the part after `nodes.NAME.`.
    pub(crate) name: &'static str,
    /// Whether a missing or empty value is an error; otherwise the default stays.
    pub(crate) required: bool,
    /// Reads a value that is not empty, and checks it. The error says what is allowed.
    pub(crate) read: fn(&mut T, Text<'_>) -> Result<Warning, String>,
    /// Checks the setting, which may be made by hand, by the same rules.
    pub(crate) check: fn(&T) -> Result<(), String>,
    /// The value that reads back; `None` where nothing is to be printed.
    pub(crate) show: fn(&T) -> Option<String>,
}

/// Stores a value without a warning.
pub(super) fn set<T>(place: &mut T, value: Result<T, String>) -> Result<Warning, String> {
    *place = value?;
    Ok(None)
}
