//! The entries of a section, packed into one text: a file of 100,000 nodes has hundreds of
//! thousands of them.

use std::collections::HashMap;
use std::ops::Range;

use super::whitespace::trim;
use crate::environment::Environment;
use crate::problem::Position;
use crate::problems::Problems;

/// One key of the section `[live-data]`, `[DEFAULT]` merged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// Lower-cased.
    pub(crate) key: &'a str,
    /// The value with its variables replaced.
    pub(crate) value: &'a str,
    /// The value as the file has it.
    pub(crate) written: &'a str,
    /// The first reference to a variable that was not replaced.
    pub(crate) literal: Option<&'a str>,
    /// Where the key stands.
    pub(crate) at: Position,
}

/// All keys of a section, each once.
#[derive(Default)]
pub(crate) struct Entries {
    text: String,
    places: Vec<Place>,
    /// By the index of the entry, for the few that have a variable.
    expansions: HashMap<usize, Expansion>,
}

/// Where in the text an entry is.
#[derive(Clone)]
struct Place {
    key: Range<usize>,
    value: Range<usize>,
    at: Position,
}

struct Expansion {
    value: String,
    literal: Option<String>,
}

impl Entries {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.places.len()).map(|index| self.entry(index))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The entry that [`iter`](Self::iter) gives at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<Entry<'_>> {
        (index < self.places.len()).then(|| self.entry(index))
    }

    fn entry(&self, index: usize) -> Entry<'_> {
        let Place { key, value, at } = &self.places[index];
        let written = &self.text[value.clone()];
        let expansion = self.expansions.get(&index);
        Entry {
            key: &self.text[key.clone()],
            value: expansion.map_or(written, |expansion| &expansion.value),
            written,
            literal: expansion.and_then(|expansion| expansion.literal.as_deref()),
            at: *at,
        }
    }

    /// Key and value, as the file has it, of each entry in which a variable was replaced.
    pub(crate) fn written(&self) -> impl Iterator<Item = (String, String)> {
        let expanded = self.expansions.keys().map(|index| self.entry(*index));
        let expanded = expanded.filter(|entry| entry.value != entry.written);
        expanded.map(|entry| (entry.key.to_owned(), entry.written.to_owned()))
    }

    /// Adds an entry with variables that are not replaced yet.
    pub(super) fn push(&mut self, key: &str, value: &str, at: Position) {
        let place = Place { key: self.write(key), value: self.write(value), at };
        self.places.push(place);
    }

    fn write(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// These as the defaults of `section`: its values win, in the place of the default. Its other
    /// keys follow.
    pub(super) fn below(mut self, section: Self) -> Self {
        if self.places.is_empty() {
            return section;
        }
        let keys = self.iter().map(|entry| entry.key.to_owned());
        let indices: HashMap<String, usize> = keys.zip(0..).collect();
        for entry in section.iter() {
            match indices.get(entry.key) {
                Some(index) => {
                    let value = self.write(entry.written);
                    self.places[*index] = Place { value, at: entry.at, ..self.places[*index].clone() };
                }
                None => self.push(entry.key, entry.written, entry.at),
            }
        }
        self
    }

    /// Replaces the variables in all values.
    pub(super) fn expand(&mut self, env: &Environment, problems: &mut Problems) {
        let mut expansions = HashMap::new();
        for (index, entry) in self.iter().enumerate().filter(|(_, entry)| entry.written.contains('$')) {
            match env.expand(entry.written) {
                Ok(expanded) => {
                    // Trimmed again: white space around a variable's own value is never meant.
                    let value = trim(&expanded.text).to_owned();
                    let literal = expanded.literal.map(str::to_owned);
                    expansions.insert(index, Expansion { value, literal });
                }
                Err(message) => problems.error(entry.at, Some(entry.key), message),
            }
        }
        self.expansions = expansions;
    }
}
