//! The rules: words, widths, lengths of sentences and of test names.

/// The most columns of a line in a comment or document.
pub(super) const WIDTH: usize = 100;
/// The most characters in the name of a test.
pub(super) const NAME: usize = 60;

/// Words to avoid, with what to write instead.
const BANNED: [(&str, &str); 13] = [
    ("who", "name the subject"),
    ("whoever", "name the subject"),
    ("whom", "name the object"),
    ("whomever", "name the object"),
    ("whose", "use `its`, `of which` or a second sentence"),
    ("nobody", "say what does not happen"),
    ("somebody", "name the subject"),
    ("manieth", "use `index` or `n-th`"),
    ("errand", "say `node task`"),
    ("errands", "say `node tasks`"),
    ("lane", "say `session`"),
    ("lanes", "say `sessions`"),
    ("for ever", "say `forever` or `without a limit`"),
];

/// The rule that a finding breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Word,
    Width,
    Sentence,
    /// The length of the name.
    Name(usize),
}

/// A line that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) line: usize,
    pub(super) rule: Rule,
    pub(super) message: String,
}

/// Finds banned words in successive lines of prose.
#[derive(Debug, Default)]
pub(super) struct Prose {
    /// The line and text of the previous word, since `for ever` may be wrapped.
    before: Option<(usize, String)>,
}

impl Prose {
    pub(super) fn check(&mut self, line: usize, text: &str, findings: &mut Vec<Finding>) {
        let text = without_code(text).to_lowercase();
        let is_separator = |character: char| !character.is_alphanumeric() && character != '_';
        for word in text.split(is_separator).filter(|word| !word.is_empty()) {
            let pair = match &self.before {
                Some((other, before)) if line - other <= 1 => format!("{before} {word}"),
                _ => String::new(),
            };
            let banned = BANNED.iter().find(|(banned, _)| *banned == word || *banned == pair);
            if let Some((banned, instead)) = banned {
                let message = format!("'{banned}' is banned: {instead}");
                findings.push(Finding { line, rule: Rule::Word, message });
            }
            self.before = Some((line, word.to_owned()));
        }
    }
}

/// Reports a line that is too wide. Link targets, which cannot be wrapped, do not count.
pub(super) fn check_width(line: usize, text: &str, findings: &mut Vec<Finding>) {
    let width = without_links(text).chars().count();
    if width > WIDTH {
        let message = format!("{width} columns, at most {WIDTH}: wrap the line");
        findings.push(Finding { line, rule: Rule::Width, message });
    }
}

/// Reports a test name that is too long.
pub(super) fn check_name(line: usize, name: &str, findings: &mut Vec<Finding>) {
    let length = name.chars().count();
    if length > NAME {
        let message =
            format!("the test's name has {length} characters, at most {NAME}: state the behaviour only");
        findings.push(Finding { line, rule: Rule::Name(length), message });
    }
}

/// `text` without code in backquotes. An unpaired backquote does not start code.
fn without_code(text: &str) -> String {
    let parts: Vec<_> = text.split('`').collect();
    let quotes = |index: usize| index % 2 == 1 && index + 1 < parts.len();
    let prose = parts.iter().enumerate().filter(|(index, _)| !quotes(*index)).map(|(_, part)| *part);
    prose.collect::<Vec<_>>().join("`")
}

/// `text` without the targets of its links and without bare addresses.
fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some(start) = rest.find("](") {
        let target = &rest[start + 2..];
        let Some(end) = target.find(')') else { break };
        kept.push_str(&rest[..start + 2]);
        rest = &target[end..];
    }
    kept.push_str(rest);
    let words = kept.split(' ').map(|word| if word.contains("://") { "" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lines: &[&str]) -> Vec<(usize, String)> {
        let (mut prose, mut findings) = (Prose::default(), Vec::new());
        lines.iter().enumerate().for_each(|(index, text)| prose.check(index + 1, text, &mut findings));
        findings.into_iter().map(|finding| (finding.line, finding.message)).collect()
    }

    fn is_too_wide(text: &str) -> bool {
        let mut findings = Vec::new();
        check_width(1, text, &mut findings);
        !findings.is_empty()
    }

    #[test]
    fn each_banned_word_is_found() {
        for (banned, instead) in BANNED {
            let text = format!("Then {banned} comes.");
            assert_eq!(words(&[&text]), [(1, format!("'{banned}' is banned: {instead}"))]);
        }
    }

    #[test]
    fn case_and_punctuation_do_not_hide_a_word() {
        assert_eq!(words(&["Who?", "(nobody's)", "**WHOSE**"]).len(), 3);
    }

    #[test]
    fn code_identifiers_and_parts_of_words_are_allowed() {
        assert_eq!(words(&["whole planes, forever", "say `who`", "is_who_is"]), []);
        assert_eq!(words(&["a ` alone, nobody"]).len(), 1);
    }

    #[test]
    fn a_pair_is_found_across_a_line_break_but_not_a_gap() {
        assert_eq!(words(&["it lasts for", "ever and ever"]).len(), 1);
        assert_eq!(words(&["it lasts for", "", "ever and ever"]), []);
    }

    #[test]
    fn lines_are_measured_in_characters() {
        assert!(!is_too_wide(&"ü".repeat(WIDTH)));
        assert!(is_too_wide(&"x".repeat(WIDTH + 1)));
    }

    #[test]
    fn link_targets_and_addresses_have_no_width() {
        let long = "x".repeat(90);
        assert!(!is_too_wide(&format!("see [the page](https://example.com/{long})")));
        assert!(!is_too_wide(&format!("// https://example.com/{long}")));
        assert!(is_too_wide(&format!("see [the page {long}](a.md)")));
    }

    #[test]
    fn a_name_may_have_sixty_characters() {
        let mut findings = Vec::new();
        check_name(1, &"x".repeat(NAME), &mut findings);
        assert_eq!(findings, []);
        check_name(1, &"x".repeat(NAME + 1), &mut findings);
        assert_eq!(findings.len(), 1);
    }
}
