//! The line scan before rust-ini: it decides what each line is, as Python's `RawConfigParser._read`
//! does.
//!
//! rust-ini alone takes other decisions: it joins a line without a delimiter to the next key, keeps
//! indented comments, ends a value at a comment, continues a value after a backslash, measures
//! indentation from column 0 and trims section names. So the scan writes anew what rust-ini reads,
//! in a form that has one reading only.

use std::borrow::Cow;
use std::collections::HashMap;

use super::section_keys::SectionKeys;
use super::whitespace::{is_space, lines, trim};
use crate::problem::Position;
use crate::problems::Problems;
use crate::quote::{quoted, shown_key};

/// The section that is ours.
pub(super) const LIVE_DATA: &str = "live-data";
/// The section with the keys that every other one has too.
pub(super) const DEFAULT: &str = "DEFAULT";

/// What the scan found of the two sections that matter.
#[derive(Default)]
pub(super) struct Scan<'a> {
    /// The line of `[live-data]`.
    pub(super) header: Option<usize>,
    /// The first section with a name that is nearly `live-data`, and its line.
    pub(super) similar: Option<(&'a str, usize)>,
    pub(super) defaults: SectionKeys<'a>,
    pub(super) live_data: SectionKeys<'a>,
}

pub(super) fn scan<'a>(text: &'a str, problems: &mut Problems) -> Scan<'a> {
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => {
            problems.error(1, None, "the file starts with a byte order mark: save it as UTF-8 without one");
            rest
        }
        None => text,
    };
    let newlines = text.bytes().filter(|byte| *byte == b'\n').count();
    let mut scanner = Scanner { newlines, ..Scanner::default() };
    for (index, line) in lines(text).enumerate() {
        scanner.line(line, index + 1, problems);
    }
    scanner.found
}

#[derive(Default)]
struct Scanner<'a> {
    found: Scan<'a>,
    /// About as many keys as these may come.
    newlines: usize,
    /// The sections so far, each with the line of its header and the lines of its keys.
    sections: HashMap<&'a str, (usize, HashMap<Cow<'a, str>, usize>)>,
    section: Option<&'a str>,
    /// The indentation, in characters, that a continuation must exceed.
    indent: usize,
    /// Whether a key of this section is open for continuations, and whether it is one to keep.
    open: Option<Kept>,
    text_before_section: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Yes,
    No,
}

impl<'a> Scanner<'a> {
    fn line(&mut self, line: &'a str, number: usize, problems: &mut Problems) {
        let content = trim(line);
        if content.starts_with(['#', ';']) {
            return;
        }
        if content.is_empty() {
            if let Some(section) = self.kept() {
                section.empty_line();
            }
            return;
        }
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        if self.open.is_some() && indent > self.indent {
            if let Some(section) = self.kept() {
                section.continuation(content);
            }
            return;
        }
        self.indent = indent;
        if let Some(name) = header(content) {
            self.open = None;
            self.enter(name, number, problems);
        } else if self.section.is_none() {
            if !std::mem::replace(&mut self.text_before_section, true) {
                problems.error(
                    number,
                    None,
                    format!(
                        "text before the first section: {} (expected a line such as [{LIVE_DATA}])",
                        quoted(content)
                    ),
                );
            }
        } else {
            self.key(content, Position { line: number, column: indent + 1 }, problems);
        }
    }

    fn enter(&mut self, name: &'a str, number: usize, problems: &mut Problems) {
        self.section = Some(name);
        // For all keys at once: a table that grows hashes all that it has again.
        let capacity = if name == LIVE_DATA { self.newlines } else { 0 };
        let section = self.sections.entry(name);
        let (first, _) = section.or_insert_with(|| (number, HashMap::with_capacity(capacity)));
        // As in Python, only [DEFAULT] may come again.
        if *first != number && name != DEFAULT {
            problems.error(
                number,
                None,
                format!("duplicate section [{}], first in line {first}", shown_key(name)),
            );
        }
        if name == LIVE_DATA {
            self.found.header.get_or_insert(number);
        } else if is_similar(name) {
            self.found.similar.get_or_insert((name, number));
        }
    }

    fn key(&mut self, content: &'a str, at: Position, problems: &mut Problems) {
        self.open = Some(Kept::No);
        let Some(delimiter) = content.bytes().position(|byte| matches!(byte, b'=' | b':')) else {
            problems.error(at, None, format!("no '=' or ':' in {}", quoted(content)));
            return;
        };
        let (key, value) = (lower(trim(&content[..delimiter])), trim(&content[delimiter + 1..]));
        if key.is_empty() {
            problems.error(at, None, format!("no key before {}", quoted(content)));
            return;
        }
        let keys = self.section.and_then(|name| self.sections.get_mut(name)).map(|(_, keys)| keys);
        if let Some(first) = keys.and_then(|keys| keys.insert(key.clone(), at.line)) {
            problems.error(at, Some(&key), format!("duplicate key, first in line {first}"));
            return;
        }
        // rust-ini would take it for a section; Python knows it as a key, and it is none of ours.
        if key.starts_with('[') {
            return;
        }
        self.open = Some(Kept::Yes);
        if let Some(section) = self.kept() {
            section.key(key, value, at);
        }
    }

    /// The section that the open key is kept in.
    fn kept(&mut self) -> Option<&mut SectionKeys<'a>> {
        if self.open != Some(Kept::Yes) {
            return None;
        }
        match self.section? {
            DEFAULT => Some(&mut self.found.defaults),
            LIVE_DATA => Some(&mut self.found.live_data),
            _ => None,
        }
    }
}

/// The name in a section header: up to the last bracket. What follows is dropped, as Python's
/// expression does.
fn header(content: &str) -> Option<&str> {
    let inside = content.strip_prefix('[')?;
    inside.rfind(']').map(|end| &inside[..end]).filter(|name| !name.is_empty())
}

/// Whether the name differs from `live-data` in case, white space and punctuation only.
fn is_similar(name: &str) -> bool {
    let letters = name.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase());
    letters.eq("livedata".chars())
}

/// `key` in lower case, which it mostly is.
fn lower(key: &str) -> Cow<'_, str> {
    let is_lower = key.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(key) } else { Cow::Owned(key.to_lowercase()) }
}
