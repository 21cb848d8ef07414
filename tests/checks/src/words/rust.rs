//! Comments and test names of Rust sources.

use super::rules::{self, Finding, Prose};

/// All findings in a source file.
pub(super) fn check(source: &str) -> Vec<Finding> {
    let (mut findings, mut prose, mut is_test) = (Vec::new(), Prose::default(), false);
    for (line, text) in source.lines().enumerate().map(|(index, text)| (index + 1, text)) {
        let trimmed = text.trim_start();
        if trimmed.starts_with("//") {
            rules::check_width(line, text, &mut findings);
        }
        if let Some(comment) = comment(text) {
            prose.check(line, comment, &mut findings);
        } else if is_test_attribute(trimmed) {
            is_test = true;
        } else if let Some(name) = function_name(trimmed) {
            if is_test {
                rules::check_name(line, name, &mut findings);
            }
            is_test = false;
        }
    }
    findings
}

/// The text after `//`, if it is outside of a string. Only strings within one line are recognized.
fn comment(line: &str) -> Option<&str> {
    let starts = line.match_indices("//").map(|(index, _)| index);
    let mut outside = starts.filter(|index| is_outside_of_string(&line[..*index]));
    outside.next().map(|index| line[index..].trim_start_matches(['/', '!']))
}

fn is_outside_of_string(before: &str) -> bool {
    let code = before.replace("\\\\", "").replace("\\\"", "").replace("'\"'", "");
    code.matches('"').count().is_multiple_of(2) && !code.ends_with(':')
}

/// `#[test]`, `#[tokio::test]`, `#[tokio::test(start_paused = true)]` and the like.
fn is_test_attribute(line: &str) -> bool {
    let Some(attribute) = line.strip_prefix("#[") else { return false };
    let path = attribute.split(['(', ']']).next().unwrap_or_default();
    path == "test" || path.ends_with("::test")
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::super::rules::Rule;
    use super::*;

    fn found(source: &str) -> Vec<(usize, Rule)> {
        check(source).into_iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn words_are_found_in_all_kinds_of_line_comments() {
        let source = "//! nobody\n/// nobody\n// nobody\nlet a = 1; // nobody\n";
        assert_eq!(found(source), [1, 2, 3, 4].map(|line| (line, Rule::Word)));
    }

    #[test]
    fn code_and_strings_are_not_comments() {
        assert_eq!(found("let nobody = \"zk://nobody // whose\";\nlet url = \"a\\\"// who\";\n"), []);
        assert_eq!(found("let quote = '\"'; // nobody\n"), [(1, Rule::Word)]);
    }

    #[test]
    fn a_wide_comment_is_found_and_wide_code_is_not() {
        let wide = "x ".repeat(60);
        assert_eq!(found(&format!("// {wide}\n")), [(1, Rule::Width)]);
        assert_eq!(found(&format!("call({wide}); // why\n")), []);
    }

    #[test]
    fn only_names_of_tests_have_a_length_limit() {
        let name = "x".repeat(61);
        for attribute in ["#[test]", "#[tokio::test]", "#[tokio::test(start_paused = true)]"] {
            let source = format!("{attribute}\n#[should_panic]\nasync fn {name}() {{}}\n");
            assert_eq!(found(&source), [(3, Rule::Name(61))], "{attribute}");
        }
        assert_eq!(found(&format!("#[test]\nfn short() {{}}\nfn {name}() {{}}\n")), []);
        assert_eq!(found(&format!("#[cfg(test)]\nfn {name}() {{}}\n")), []);
    }
}
