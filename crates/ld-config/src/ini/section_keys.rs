//! The keys of a section.
//!
//! A value of one line is what the scan found. One that goes on is read by rust-ini, in a form that
//! has one reading only.

use std::borrow::Cow;

use ini::{Ini, ParseOption};

use super::entries::Entries;
use crate::problem::Position;

/// The names that section and key of a value have for rust-ini.
const SECTION: &str = "section";
const KEY: &str = "key";

/// The keys of one section, while it is scanned.
#[derive(Default)]
pub(super) struct SectionKeys<'a> {
    /// The keys with values that have ended.
    entries: Entries,
    /// The key with a value that may go on.
    open: Option<Open<'a>>,
    refused: Option<Cow<'static, str>>,
}

struct Open<'a> {
    key: Cow<'a, str>,
    at: Position,
    /// The first line of the value.
    value: &'a str,
    /// The lines that follow, each with its end.
    more: String,
    goes_on: bool,
}

impl<'a> SectionKeys<'a> {
    /// Begins a key.
    pub(super) fn key(&mut self, key: Cow<'a, str>, value: &'a str, at: Position) {
        self.end();
        self.open = Some(Open { key, at, value, more: String::new(), goes_on: false });
    }

    /// Continues the value of the last key.
    pub(super) fn continuation(&mut self, content: &str) {
        if let Some(open) = &mut self.open {
            // The space after the content keeps a backslash from joining lines, here and below.
            open.more.extend([" ", content, " \n"]);
            open.goes_on = true;
        }
    }

    /// An empty line within the value of the last key, if that goes on.
    pub(super) fn empty_line(&mut self) {
        if let Some(open) = &mut self.open {
            open.more.push('\n');
        }
    }

    fn end(&mut self) {
        let Some(Open { key, at, value, more, goes_on }) = self.open.take() else { return };
        if !goes_on {
            self.entries.push(&key, value, at);
            return;
        }
        let options = ParseOption {
            enabled_quote: false,
            enabled_escape: false,
            enabled_indented_mutiline_value: true,
            ..ParseOption::default()
        };
        match Ini::load_from_str_opt(&format!("[{SECTION}]\n{KEY} = {value} \n{more}"), options) {
            Ok(ini) => {
                let value = ini.get_from(Some(SECTION), KEY).unwrap_or_default();
                self.entries.push(&key, value, at);
            }
            Err(error) => _ = self.refused.get_or_insert(error.msg),
        }
    }

    /// All keys with their values.
    ///
    /// # Errors
    ///
    /// What rust-ini says, if it refuses a value.
    pub(super) fn read(mut self) -> Result<Entries, Cow<'static, str>> {
        self.end();
        self.refused.map_or(Ok(self.entries), Err)
    }
}
