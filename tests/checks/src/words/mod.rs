//! Comments, documents and test names are short lines of plain words.

mod markdown;
mod rules;
mod rust;
mod to_clean;

use std::fmt;

use ld_workspace::Failure;
use ld_workspace::tree::{self, TextFile};
use rules::{Finding, Rule};
use to_clean::WORDS_TO_CLEAN;

/// Findings over the whole tree, by rule.
#[derive(Debug, Default)]
struct Counts {
    words: usize,
    width: usize,
    names: usize,
    longest_name: usize,
}

/// More faults than this are counted only.
const SHOWN: usize = 40;

/// Checks all sources and documents but those on the list of paths to clean.
pub fn check() -> Result<(), Failure> {
    let (counts, faults) = judge(&tree::files(&["rs", "md"])?, WORDS_TO_CLEAN);
    println!("{counts}; {} paths to clean", WORDS_TO_CLEAN.len());
    if faults.is_empty() {
        return Ok(());
    }
    let shown = faults.iter().take(SHOWN).map(|fault| format!("\n  {fault}")).collect::<String>();
    let more = match faults.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    Err(Failure::new(format!("faults: {}{shown}{more}", faults.len())))
}

/// What is wrong: findings outside of `to_clean`, and paths of it that have no findings.
fn judge(files: &[TextFile], to_clean: &[&str]) -> (Counts, Vec<String>) {
    let (mut counts, mut faults) = (Counts::default(), Vec::new());
    let mut dirty = vec![false; to_clean.len()];
    for file in files {
        let listed = to_clean.iter().position(|entry| covers(entry, &file.path));
        for finding in findings(file) {
            counts.add(finding.rule);
            match listed {
                Some(index) => dirty[index] = true,
                None => faults.push(format!("{}:{}: {}", file.path, finding.line, finding.message)),
            }
        }
    }
    let clean = to_clean.iter().zip(dirty).filter(|(_, dirty)| !dirty).map(|(entry, _)| entry);
    faults.extend(clean.map(|entry| {
        format!("tests/checks/src/words/to_clean.rs: '{entry}' is clean: remove it from the list")
    }));
    (counts, faults)
}

fn findings(file: &TextFile) -> Vec<Finding> {
    if file.path.ends_with(".md") { markdown::check(&file.text) } else { rust::check(&file.text) }
}

/// An entry is a file, or a directory with all that is below it.
fn covers(entry: &str, path: &str) -> bool {
    path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Counts {
    fn add(&mut self, rule: Rule) {
        match rule {
            Rule::Word => self.words += 1,
            Rule::Width => self.width += 1,
            Rule::Name(length) => {
                self.names += 1;
                self.longest_name = self.longest_name.max(length);
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { words, width, names, longest_name } = self;
        write!(f, "{words} banned words, {width} lines over {} columns, ", rules::WIDTH)?;
        write!(f, "{names} test names over {} characters", rules::NAME)?;
        if *names > 0 { write!(f, " (the longest has {longest_name})") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_finding_names_file_line_and_rule() {
        let (counts, faults) = judge(&[file("a/b.rs", "\n// Nobody waits.\n")], &[]);
        assert_eq!(counts.words, 1);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("a/b.rs:2: 'nobody'"), "{faults:?}");
    }

    #[test]
    fn the_counts_name_the_longest_test() {
        let long = |length| format!("#[test]\nfn {}() {{}}\n", "x".repeat(length));
        let (counts, _) = judge(&[file("a.rs", &long(70)), file("b.rs", &long(65))], &[]);
        let shown = counts.to_string();
        assert!(shown.ends_with("2 test names over 60 characters (the longest has 70)"), "{shown}");
    }

    #[test]
    fn findings_below_a_listed_path_are_counted_only() {
        let (counts, faults) = judge(&[file("a/b.rs", "// Nobody waits.\n")], &["a"]);
        assert_eq!((counts.words, faults.len()), (1, 0));
    }

    #[test]
    fn a_listed_path_that_is_clean_is_a_fault() {
        let files = [file("a/b.rs", "// Waits.\n"), file("c.md", "nobody\n")];
        let (_, faults) = judge(&files, &["a", "c.md", "gone.rs"]);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].ends_with("'a' is clean: remove it from the list"));
        assert!(faults[1].ends_with("'gone.rs' is clean: remove it from the list"));
    }

    #[test]
    fn a_listed_path_does_not_cover_names_that_begin_alike() {
        assert!(covers("a/b", "a/b/c.rs") && covers("a/b.rs", "a/b.rs"));
        assert!(!covers("a/b", "a/bc.rs"));
    }
}
