//! Comments, documents and test names use plain words and short lines.

mod markdown;
mod rules;
mod rust;
mod sentences;
mod to_clean;

use std::fmt;

use ld_workspace::Failure;
use ld_workspace::text_files::{self, TextFile};
use rules::{Finding, Rule};
use to_clean::WORDS_TO_CLEAN;

/// The number of findings for each rule.
#[derive(Debug, Default)]
struct Counts {
    words: usize,
    width: usize,
    sentences: usize,
    names: usize,
    longest_name: usize,
}

/// Faults beyond this number are only counted.
const SHOWN: usize = 40;

/// Checks all sources and documents, except those on the list of paths to clean.
pub fn check() -> Result<(), Failure> {
    let (counts, faults) = check_files(&text_files::with_extensions(&["rs", "md"])?, WORDS_TO_CLEAN);
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

/// Findings outside of `to_clean`, and entries of it without findings.
fn check_files(files: &[TextFile], to_clean: &[&str]) -> (Counts, Vec<String>) {
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
    if !file.path.ends_with(".md") {
        return rust::check(&file.text);
    }
    let mut findings = markdown::check(&file.text);
    if covers("docs", &file.path) {
        findings.extend(sentences::check(&file.text));
    }
    findings
}

/// Whether an entry is this file or a directory above it.
fn covers(entry: &str, path: &str) -> bool {
    path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Counts {
    fn add(&mut self, rule: Rule) {
        match rule {
            Rule::Word => self.words += 1,
            Rule::Width => self.width += 1,
            Rule::Sentence => self.sentences += 1,
            Rule::Name(length) => {
                self.names += 1;
                self.longest_name = self.longest_name.max(length);
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { words, width, sentences, names, longest_name } = self;
        write!(f, "{words} banned words, {width} lines over {} columns, ", rules::WIDTH)?;
        write!(f, "{sentences} sentences over {} words in docs/, ", sentences::MOST)?;
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
        let (counts, faults) = check_files(&[file("a/b.rs", "\n// Nobody waits.\n")], &[]);
        assert_eq!(counts.words, 1);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("a/b.rs:2: 'nobody'"), "{faults:?}");
    }

    #[test]
    fn sentences_are_measured_in_the_pages_only() {
        let long = "word\n".repeat(sentences::MOST + 1);
        let (counts, faults) = check_files(&[file("docs/a.md", &long), file("README.md", &long)], &[]);
        assert_eq!((counts.sentences, faults.len()), (1, 1));
        assert!(faults[0].starts_with("docs/a.md:1: a sentence of 31 words"), "{faults:?}");
    }

    #[test]
    fn the_counts_name_the_longest_test() {
        let long = |length| format!("#[test]\nfn {}() {{}}\n", "x".repeat(length));
        let (counts, _) = check_files(&[file("a.rs", &long(70)), file("b.rs", &long(65))], &[]);
        let shown = counts.to_string();
        assert!(shown.ends_with("2 test names over 60 characters (the longest has 70)"), "{shown}");
    }

    #[test]
    fn findings_below_a_listed_path_are_counted_only() {
        let (counts, faults) = check_files(&[file("a/b.rs", "// Nobody waits.\n")], &["a"]);
        assert_eq!((counts.words, faults.len()), (1, 0));
    }

    #[test]
    fn a_listed_path_that_is_clean_is_a_fault() {
        let files = [file("a/b.rs", "// Waits.\n"), file("c.md", "nobody\n")];
        let (_, faults) = check_files(&files, &["a", "c.md", "gone.rs"]);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].ends_with("'a' is clean: remove it from the list"));
        assert!(faults[1].ends_with("'gone.rs' is clean: remove it from the list"));
    }

    #[test]
    fn a_listed_path_covers_whole_names_only() {
        assert!(covers("a/b", "a/b/c.rs") && covers("a/b.rs", "a/b.rs"));
        assert!(!covers("a/b", "a/bc.rs"));
    }
}
