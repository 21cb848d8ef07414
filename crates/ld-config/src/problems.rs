//! Collects the problems of one file.

use std::sync::Arc;

use crate::error::ConfigError;
use crate::problem::{Position, Problem, Severity};

/// The most errors, and the most warnings, that are kept of one file: 10,000 of each. One more line
/// counts the rest.
pub const MAX_PROBLEMS: usize = 10_000;

/// The errors and warnings of one file so far.
pub(crate) struct Problems {
    origin: Arc<str>,
    errors: Tally,
    warnings: Tally,
}

#[derive(Default)]
struct Tally {
    kept: Vec<Problem>,
    dropped: usize,
}

impl Problems {
    pub(crate) fn new(origin: &str) -> Self {
        Self { origin: origin.into(), errors: Tally::default(), warnings: Tally::default() }
    }

    /// For a part of the same file.
    pub(crate) fn of_part(&self) -> Self {
        Self { origin: self.origin.clone(), errors: Tally::default(), warnings: Tally::default() }
    }

    pub(crate) fn error(&mut self, at: impl Into<Position>, key: Option<&str>, message: impl Into<String>) {
        let problem = self.problem(Severity::Error, at.into(), key, message.into());
        self.errors.push(problem);
    }

    pub(crate) fn warn(&mut self, at: impl Into<Position>, key: Option<&str>, message: impl Into<String>) {
        let problem = self.problem(Severity::Warning, at.into(), key, message.into());
        self.warnings.push(problem);
    }

    /// A warning with a message that costs time: it is made only if it will be shown.
    pub(crate) fn warn_with(&mut self, at: impl Into<Position>, key: &str, message: impl FnOnce() -> String) {
        let message = if self.warnings.is_full() { String::new() } else { message() };
        self.warn(at, Some(key), message);
    }

    /// The warnings alone, or everything if there is an error.
    pub(crate) fn finish(self) -> Result<Vec<Problem>, ConfigError> {
        let (errors, warnings) = (self.errors.finish(), self.warnings.finish());
        if errors.is_empty() { Ok(warnings) } else { Err(ConfigError::Invalid { errors, warnings }) }
    }

    fn problem(&self, severity: Severity, at: Position, key: Option<&str>, message: String) -> Problem {
        let Position { line, column } = at;
        Problem { severity, origin: self.origin.clone(), line, column, key: key.map(str::to_owned), message }
    }
}

impl Tally {
    fn push(&mut self, problem: Problem) {
        if self.is_full() {
            self.dropped += 1;
        } else {
            self.kept.push(problem);
        }
    }

    fn is_full(&self) -> bool {
        self.kept.len() >= MAX_PROBLEMS
    }

    fn finish(mut self) -> Vec<Problem> {
        self.kept.sort_by_key(|problem| (problem.line, problem.column));
        if let (1.., Some(last)) = (self.dropped, self.kept.last()) {
            let message = format!("{} more like these are not shown", self.dropped);
            self.kept.push(Problem { key: None, message, ..last.clone() });
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_a_severity() {
        let mut problems = Problems::new("c");
        problems.error(1, None, "bad");
        problems.warn(1, None, "odd");
        let Err(ConfigError::Invalid { errors, warnings }) = problems.finish() else { panic!("no error") };
        assert_eq!((errors[0].severity, warnings[0].severity), (Severity::Error, Severity::Warning));
    }

    #[test]
    fn a_problem_knows_the_column_of_its_key() {
        let env = crate::Environment::empty();
        let text = "[live-data]\nzookeeper.hosts = zk\nzookeeper.timeout = x";
        let parse = |text: &str| crate::Config::parse(text, "c", &env, crate::Scope::Watcher);
        let Err(ConfigError::Invalid { errors, .. }) = parse(text) else { panic!("no error") };
        assert_eq!((errors[0].line, errors[0].column), (3, 1), "{errors:?}");
        let Err(ConfigError::Invalid { errors, .. }) = parse("[live-data]\n   zookeeper.hosts = a:b\n")
        else {
            panic!("no error")
        };
        assert_eq!((errors[0].line, errors[0].column), (2, 4), "{errors:?}");
    }

    #[test]
    fn a_problem_is_one_line_with_origin_line_key_and_message() {
        let mut problems = Problems::new("config.ini");
        problems.error(12, Some("nodes.b.mode"), "wrong");
        problems.error(3, None, "no key");
        let error = problems.finish().unwrap_err();
        assert_eq!(error.to_string(), "config.ini:3: no key\nconfig.ini:12: nodes.b.mode: wrong");
    }

    #[test]
    fn a_long_key_is_cut_and_drives_no_terminal() {
        let mut problems = Problems::new("c");
        problems.error(1, Some(&format!("\u{1b}[2J{}", "x".repeat(1 << 20))), "wrong");
        let error = problems.finish().unwrap_err().to_string();
        assert!(error.starts_with("c:1: \\u{1b}[2Jxxx") && error.ends_with("xxx...: wrong"), "{error}");
        assert!(error.len() < 300, "{}", error.len());
    }

    #[test]
    fn problems_beyond_the_limit_are_counted() {
        let mut problems = Problems::new("c");
        for line in 1..=MAX_PROBLEMS + 7 {
            problems.error(line, None, "bad");
        }
        let Err(ConfigError::Invalid { errors, .. }) = problems.finish() else { panic!("no error") };
        assert_eq!(errors.len(), MAX_PROBLEMS + 1);
        assert_eq!(errors.last().unwrap().message, "7 more like these are not shown");
    }

    #[test]
    fn a_message_that_is_not_shown_is_not_made() {
        let mut problems = Problems::new("c");
        let mut made = 0;
        for line in 1..=MAX_PROBLEMS + 7 {
            problems.warn_with(line, "k", || {
                made += 1;
                String::new()
            });
        }
        assert_eq!(made, MAX_PROBLEMS);
        assert_eq!(problems.finish().unwrap().last().unwrap().message, "7 more like these are not shown");
    }
}
