//! How long the sentences of a document are.

use super::rules::{Finding, Rule};

/// The most words of a sentence. Code in backquotes is one word.
pub(super) const MOST: usize = 30;

/// Sentences of a document that are too long. Code blocks, tables and headings have none.
pub(super) fn check(document: &str) -> Vec<Finding> {
    let (mut findings, mut sentence, mut in_code) = (Vec::new(), Sentence::default(), false);
    for (line, text) in document.lines().enumerate().map(|(index, text)| (index + 1, text.trim())) {
        let is_fence = text.starts_with("```") || text.starts_with("~~~");
        in_code ^= is_fence;
        if in_code || is_fence || text.is_empty() || text.starts_with(['|', '#']) {
            sentence.end(&mut findings);
            continue;
        }
        if is_item(text) {
            sentence.end(&mut findings);
        }
        text.split_whitespace().for_each(|word| sentence.add(line, word, &mut findings));
    }
    sentence.end(&mut findings);
    findings
}

/// Whether a line begins an item of a list.
fn is_item(line: &str) -> bool {
    let number = line.trim_start_matches(|character: char| character.is_ascii_digit());
    line.starts_with("- ")
        || line.starts_with("* ")
        || (number.len() < line.len() && number.starts_with(". "))
}

/// The sentence that is being read.
#[derive(Debug, Default)]
struct Sentence {
    line: usize,
    words: usize,
    /// Whether a backquote is open.
    in_code: bool,
}

impl Sentence {
    fn add(&mut self, line: usize, word: &str, findings: &mut Vec<Finding>) {
        let continues_code = self.in_code;
        self.in_code ^= word.matches('`').count() % 2 == 1;
        if self.words == 0 {
            self.line = line;
        }
        if !continues_code && word.chars().any(char::is_alphanumeric) {
            self.words += 1;
        }
        let closers = [')', '"', '*', '`', '_', ']'];
        if !self.in_code && word.trim_end_matches(closers).ends_with(['.', '!', '?']) {
            self.end(findings);
        }
    }

    fn end(&mut self, findings: &mut Vec<Finding>) {
        let Self { line, words, .. } = std::mem::take(self);
        if words > MOST {
            let message = format!("a sentence of {words} words, at most {MOST}: make two of it");
            findings.push(Finding { line, rule: Rule::Sentence, message });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines at which sentences are too long.
    fn lines(document: &str) -> Vec<usize> {
        check(document).into_iter().map(|finding| finding.line).collect()
    }

    fn words(number: usize) -> String {
        vec!["word"; number].join(" ")
    }

    #[test]
    fn a_sentence_may_have_thirty_words() {
        assert!(lines(&format!("{}.\n{}.\n", words(MOST), words(MOST))).is_empty());
        assert_eq!(lines(&format!("First.\n{}.\n", words(MOST + 1))), [2]);
    }

    #[test]
    fn a_sentence_goes_over_lines_and_ends_with_its_paragraph() {
        assert_eq!(lines(&format!("A b.\n\nc {}\n{}", words(20), words(20))), [3]);
        assert!(
            lines(&format!("{}\n\n{}\n- {}\n12. {}", words(20), words(20), words(20), words(20))).is_empty()
        );
    }

    #[test]
    fn code_is_one_word_and_its_full_stops_end_nothing() {
        let code = "`a. b c. d`";
        assert!(lines(&format!("{} {code}", words(MOST - 1))).is_empty());
        assert_eq!(lines(&format!("{} {code} {}", words(20), words(20))), [1]);
        assert!(lines(&format!("{} (`a.`). {}", words(20), words(20))).is_empty());
    }

    #[test]
    fn code_blocks_tables_and_headings_have_no_sentences() {
        let long = words(MOST + 1);
        assert!(lines(&format!("# {long}\n| {long} |\n```sh\n{long}\n```\n")).is_empty());
    }
}
