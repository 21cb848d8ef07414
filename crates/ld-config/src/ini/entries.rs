//! The entries of a section, packed into one text: a file of 100,000 nodes has hundreds of thousands of them.

use std::collections::HashMap;
use std::ops::Range;

use super::trim;
use crate::environment::Environment;
use crate::problem::Problems;

/// One key of the section `[live-data]`, `[DEFAULT]` merged in, its value expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// Lower-cased.
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
    /// From 1.
    pub(crate) line: usize,
}

/// All keys of a section, each once.
#[derive(Default)]
pub(crate) struct Entries {
    text: String,
    places: Vec<Place>,
}

/// Where in the text an entry is.
#[derive(Clone)]
struct Place {
    key: Range<usize>,
    value: Range<usize>,
    line: usize,
}

impl Entries {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.places.iter().map(|place| self.entry(place))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The entry that [`iter`](Self::iter) gives at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<Entry<'_>> {
        self.places.get(index).map(|place| self.entry(place))
    }

    fn entry(&self, place: &Place) -> Entry<'_> {
        Entry { key: &self.text[place.key.clone()], value: &self.text[place.value.clone()], line: place.line }
    }

    pub(super) fn push(&mut self, entry: Entry<'_>) {
        let place = Place { key: self.write(entry.key), value: self.write(entry.value), line: entry.line };
        self.places.push(place);
    }

    fn write(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// These as the defaults of `section`: its values win, in the place of the default, and its other keys follow.
    pub(super) fn below(mut self, section: Self) -> Self {
        if self.places.is_empty() {
            return section;
        }
        let keys = self.iter().map(|entry| entry.key.to_owned());
        let indices: HashMap<String, usize> = keys.zip(0..).collect();
        for entry in section.iter() {
            match indices.get(entry.key) {
                Some(index) => {
                    let value = self.write(entry.value);
                    self.places[*index] = Place { value, line: entry.line, ..self.places[*index].clone() };
                }
                None => self.push(entry),
            }
        }
        self
    }

    /// Replaces the variables in all values.
    pub(super) fn expand(&mut self, env: &Environment, problems: &mut Problems) {
        for index in 0..self.places.len() {
            let entry = self.entry(&self.places[index]);
            let expanded = match env.expand(entry.value) {
                Ok(expanded) => expanded,
                Err(message) => {
                    problems.error(entry.line, Some(entry.key), message);
                    continue;
                }
            };
            // Trimmed again: a variable's own white space around a path or a number is never meant.
            let value = trim(&expanded);
            if value != entry.value {
                let value = value.to_owned();
                self.places[index].value = self.write(&value);
            }
        }
    }
}
