//! Lines of Markdown documents.

use super::rules::{self, Finding, Prose};

/// All findings in a document. Code blocks, tables and link definitions may be wide.
pub(super) fn check(document: &str) -> Vec<Finding> {
    let (mut findings, mut prose, mut in_code) = (Vec::new(), Prose::default(), false);
    for (line, text) in document.lines().enumerate().map(|(index, text)| (index + 1, text)) {
        let trimmed = text.trim_start();
        prose.check(line, text, &mut findings);
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            in_code = !in_code;
        } else if !in_code && !trimmed.starts_with('|') && !is_link_definition(trimmed) {
            rules::check_width(line, text, &mut findings);
        }
    }
    findings
}

/// `[name]: target`.
fn is_link_definition(line: &str) -> bool {
    line.starts_with('[') && line.contains("]: ")
}

#[cfg(test)]
mod tests {
    use super::super::rules::Rule;
    use super::*;

    fn found(document: &str) -> Vec<(usize, Rule)> {
        check(document).into_iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn words_are_found_in_prose_tables_and_code() {
        assert_eq!(
            found("Nobody.\n| nobody |\n```sh\nrun # nobody\n```\n"),
            [1, 2, 4].map(|line| (line, Rule::Word))
        );
    }

    #[test]
    fn only_prose_has_a_width_limit() {
        let wide = "x ".repeat(60);
        assert_eq!(
            found(&format!("{wide}\n| {wide} |\n```\n{wide}\n```\n[a]: {wide}\n- {wide}\n")),
            [(1, Rule::Width), (7, Rule::Width)]
        );
    }
}
