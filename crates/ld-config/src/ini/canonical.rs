//! A section in the form that leaves rust-ini no choice, read by it piece by piece.

use std::borrow::Cow;
use std::fmt::Write;

use ini::{Ini, ParseOption, Properties};

use super::entries::{Entries, Entry};

/// The text that rust-ini reads at one time, in bytes: it keeps several times as much of it. A piece ends before a key, where
/// rust-ini remembers nothing of what came before.
pub(super) const PIECE: usize = 64 * 1024;

/// The name that each piece has for rust-ini.
const SECTION: &str = "section";

/// One section.
#[derive(Default)]
pub(super) struct Canonical<'a> {
    /// The pieces that were read.
    entries: Entries,
    /// The keys of the next piece, with their lines. For rust-ini they are numbers: it reads its text character by character.
    keys: Vec<(Cow<'a, str>, usize)>,
    /// The text of the next piece.
    text: String,
    refused: Option<Cow<'static, str>>,
}

impl<'a> Canonical<'a> {
    /// Begins a key.
    pub(super) fn key(&mut self, key: Cow<'a, str>, value: &str, line: usize) {
        if self.text.len() >= PIECE {
            self.read_piece();
        }
        if self.text.is_empty() {
            self.text.extend(["[", SECTION, "]\n"]);
        }
        // The space after the content keeps a backslash from swallowing the line end, here and below.
        let _ = write!(self.text, "{}", self.keys.len());
        self.text.extend([" = ", value, " \n"]);
        self.keys.push((key, line));
    }

    /// Continues the value of the last key.
    pub(super) fn continuation(&mut self, content: &str) {
        self.text.extend([" ", content, " \n"]);
    }

    /// An empty line within the value of the last key.
    pub(super) fn empty_line(&mut self) {
        self.text.push('\n');
    }

    fn read_piece(&mut self) {
        let options = ParseOption {
            enabled_quote: false,
            enabled_escape: false,
            enabled_indented_mutiline_value: true,
            ..ParseOption::default()
        };
        match Ini::load_from_str_opt(&self.text, options) {
            Ok(ini) => {
                let values = ini.section(Some(SECTION)).into_iter().flat_map(Properties::iter);
                for ((key, line), (_, value)) in self.keys.drain(..).zip(values) {
                    self.entries.push(Entry { key: &key, value, line });
                }
            }
            Err(error) => {
                self.keys.clear();
                self.refused.get_or_insert(error.msg);
            }
        }
        self.text.clear();
    }

    /// All keys with their values.
    ///
    /// # Errors
    ///
    /// What rust-ini says, if it refuses a piece.
    pub(super) fn read(mut self) -> Result<Entries, Cow<'static, str>> {
        self.read_piece();
        self.refused.map_or(Ok(self.entries), Err)
    }
}
