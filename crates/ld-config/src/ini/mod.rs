//! The INI dialect of Python's `RawConfigParser`.
//!
//! [`scan`] finds sections, keys and the first line of each value: rust-ini keeps no line numbers,
//! stops at the first mistake, and has other comments, escapes and indentation. What it does here
//! is to read each value of several lines, in a form that Python and rust-ini read alike.

mod entries;
#[cfg(test)]
mod python;
mod scan;
mod section_keys;
mod whitespace;

use crate::environment::Environment;
use crate::problems::Problems;
use crate::quote::shown_key;
pub(crate) use entries::{Entries, Entry};
use scan::{LIVE_DATA, Scan};
pub(crate) use whitespace::trim;

/// The section `[live-data]`.
pub(crate) struct Section {
    /// The line of its header.
    pub(crate) line: usize,
    /// The keys of `[DEFAULT]` first, then the section's own, each in the order of the file.
    pub(crate) entries: Entries,
}

/// Reads the section; `None` if the file has none, which is reported.
pub(crate) fn read(text: &str, env: &Environment, problems: &mut Problems) -> Option<Section> {
    let Scan { header, similar, defaults, live_data } = scan::scan(text, problems);
    let Some(line) = header else {
        match similar {
            Some((name, line)) => problems.error(
                line,
                None,
                format!(
                    "no section [{LIVE_DATA}]: [{}] is a different name (rename it to [{LIVE_DATA}])",
                    shown_key(name)
                ),
            ),
            None => problems.error(1, None, format!("no section [{LIVE_DATA}]")),
        }
        return None;
    };
    let mut entries = match (defaults.read(), live_data.read()) {
        (Ok(defaults), Ok(live_data)) => defaults.below(live_data),
        (Err(refusal), _) | (_, Err(refusal)) => {
            problems.error(1, None, format!("not readable as INI: {refusal}"));
            Entries::default()
        }
    };
    entries.expand(env, problems);
    Some(Section { line, entries })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_values(text: &str) -> Result<Vec<(String, String, usize)>, String> {
        let mut problems = Problems::new("c");
        let section = read(text, &Environment::empty(), &mut problems);
        problems.finish().map_err(|error| error.to_string())?;
        let entries = section.map(|section| section.entries).unwrap_or_default();
        let items = entries.iter().map(|entry| (entry.key.to_owned(), entry.value.to_owned(), entry.at.line));
        Ok(items.collect())
    }

    #[test]
    fn values_are_what_python_reads() {
        for (text, expected) in [
            ("k = v", vec![("k", "v", 2)]),
            ("k: v", vec![("k", "v", 2)]),
            ("K.A=v=w:x", vec![("k.a", "v=w:x", 2)]),
            ("k = v # not a comment ; nor this", vec![("k", "v # not a comment ; nor this", 2)]),
            ("# c\n; c\n  # c\nk = v", vec![("k", "v", 5)]),
            ("k = a\n  b\n\n\tc\nl = d", vec![("k", "a\nb\n\nc", 2), ("l", "d", 6)]),
            ("k = a\n  # dropped\n  b", vec![("k", "a\nb", 2)]),
            ("k = a\n# dropped\n  b", vec![("k", "a\nb", 2)]),
            ("  k = a\n  l = b\n    c", vec![("k", "a", 2), ("l", "b\nc", 3)]),
            ("k = a\r\n  b\r\nl = c\r", vec![("k", "a\nb", 2), ("l", "c", 4)]),
            ("k = 50%% %(x)s", vec![("k", "50%% %(x)s", 2)]),
            ("k =", vec![("k", "", 2)]),
            ("k = \"quoted\" 'x'", vec![("k", "\"quoted\" 'x'", 2)]),
            ("k = a\n  [x]\n\n\n  \"b\\\n\n\nl = c", vec![("k", "a\n[x]\n\n\n\"b\\", 2), ("l", "c", 9)]),
            ("k =\n  a = b\n  ; c\n  d # e", vec![("k", "a = b\nd # e", 2)]),
            ("k = a\\\nl = b\\n", vec![("k", "a\\", 2), ("l", "b\\n", 3)]),
            ("k\\=a\nl = b", vec![("k\\", "a", 2), ("l", "b", 3)]),
            ("k = a\n  [not a section]", vec![("k", "a\n[not a section]", 2)]),
            ("[x\n = y", vec![]),
            ("k = \x1f a \u{a0}", vec![("k", "a", 2)]),
            ("k = v\n[other]\nl = x\n[live-data ]\nm = y", vec![("k", "v", 2)]),
            ("k = v\n[DEFAULT]\nk = x\nl = y", vec![("k", "v", 2), ("l", "y", 5)]),
        ] {
            let read = read_values(&format!("[live-data]\n{text}"));
            if text.starts_with("[x") {
                assert!(read.is_err(), "{text:?}: {read:?}");
                continue;
            }
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(key, value, line)| (key.to_owned(), value.to_owned(), line))
                .collect();
            assert_eq!(read, Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_python_refuses_is_an_error_with_its_line() {
        for (text, expected) in [
            ("[live-data]\nnovalue\na=1", "c:2: no '=' or ':' in 'novalue'"),
            ("[live-data]\n= v", "c:2: no key before"),
            ("[live-data]\na=1\nA : 2", "c:3: a: duplicate key, first in line 2"),
            ("[live-data]\n[other]\na=1\na=2", "c:4: a: duplicate key, first in line 3"),
            ("[live-data]\na=1\n[live-data]\nb=1", "c:3: duplicate section [live-data], first in line 1"),
            ("[DEFAULT]\na=1\n[DEFAULT]\na=1\n[live-data]", "c:4: a: duplicate key, first in line 2"),
            ("a=1\n[live-data]", "c:1: text before the first section"),
            ("\u{feff}[live-data]", "c:1: the file starts with a byte order mark"),
            ("", "c:1: no section [live-data]"),
            (
                "\n[Live-Data]\n",
                "c:2: no section [live-data]: [Live-Data] is a different name (rename it to [live-data])",
            ),
            ("[ live-data ]\n", "c:1: no section [live-data]: [ live-data ] is a different name"),
            ("[live_data]\n", "c:1: no section [live-data]: [live_data] is a different name"),
            ("[]\n", "c:1: "),
        ] {
            let error = read_values(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn all_errors_of_a_file_are_reported_at_once() {
        let error = read_values("x\n[live-data]\ny\nz\na=1\na=1").unwrap_err();
        assert_eq!(error.lines().count(), 4, "{error}");
    }

    #[test]
    fn a_value_is_trimmed_again_after_expansion() {
        let env: Environment = [("A", "  a "), ("E", " ")].into_iter().collect();
        let section = read("[live-data]\nk = $A\nl = $E", &env, &mut Problems::new("c")).unwrap();
        let values: Vec<_> = section.entries.iter().map(|entry| entry.value).collect();
        assert_eq!(values, ["a", ""]);
    }
}
