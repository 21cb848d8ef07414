//! What is wrong with a file: where, in which key, and what is allowed.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The most errors (and the most warnings) that are kept of one file; one more line counts the rest.
pub const MAX_PROBLEMS: usize = 10_000;

/// The longest piece of a value that a message quotes, in characters.
const MAX_QUOTED: usize = 80;

/// The longest piece of a key that a message shows, in characters: the name of a node is part of it.
const MAX_KEY: usize = 200;

/// One error or warning. Its `Display` is one line, `origin:line: key: message`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The file as its reader named it.
    pub origin: Arc<str>,
    /// The line in the file, from 1.
    pub line: usize,
    /// The key, lower-cased; `None` where the line is no key.
    pub key: Option<String>,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.origin, self.line)?;
        if let Some(key) = &self.key {
            write!(f, "{}: ", shown_key(key))?;
        }
        f.write_str(&self.message)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be opened: a wrong command line (the original exits 2).
    #[error("unable to open '{}'", .path.display())]
    Unopenable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file opened, but reading failed.
    #[error("unable to read '{origin}'")]
    Unreadable {
        /// The file as its reader named it.
        origin: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than [`MAX_CONFIG_BYTES`](crate::MAX_CONFIG_BYTES).
    #[error("'{origin}' is larger than {limit} bytes, the most that a configuration may have")]
    TooLarge {
        /// The file as its reader named it.
        origin: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The text is wrong. `Display` shows every error, one a line.
    #[error("{}", lines(.errors))]
    Invalid {
        /// All errors, in the order of the file; never empty.
        errors: Vec<Problem>,
        /// The warnings that would have come with the configuration: an error is often a misspelt key.
        warnings: Vec<Problem>,
    },
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// Collects the problems of one file.
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

    pub(crate) fn error(&mut self, line: usize, key: Option<&str>, message: impl Into<String>) {
        let problem = self.problem(line, key, message.into());
        self.errors.push(problem);
    }

    pub(crate) fn warn(&mut self, line: usize, key: Option<&str>, message: impl Into<String>) {
        let problem = self.problem(line, key, message.into());
        self.warnings.push(problem);
    }

    /// A warning whose message costs time: it is asked for only if it will be shown.
    pub(crate) fn warn_with(&mut self, line: usize, key: &str, message: impl FnOnce() -> String) {
        let message = if self.warnings.is_full() { String::new() } else { message() };
        self.warn(line, Some(key), message);
    }

    /// The warnings alone, or everything if there is an error.
    pub(crate) fn finish(self) -> Result<Vec<Problem>, ConfigError> {
        let (errors, warnings) = (self.errors.finish(), self.warnings.finish());
        if errors.is_empty() { Ok(warnings) } else { Err(ConfigError::Invalid { errors, warnings }) }
    }

    fn problem(&self, line: usize, key: Option<&str>, message: String) -> Problem {
        Problem { origin: self.origin.clone(), line, key: key.map(str::to_owned), message }
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
        self.kept.sort_by_key(|problem| problem.line);
        if let (1.., Some(last)) = (self.dropped, self.kept.last()) {
            let message = format!("{} more like these are not shown", self.dropped);
            self.kept.push(Problem { key: None, message, ..last.clone() });
        }
        self.kept
    }
}

/// `text` in quotes, on one line and of bounded length, for a message.
pub(crate) fn quoted(text: &str) -> String {
    // Quotes of the value itself stay as they were written.
    format!("'{}'", shown(text, MAX_QUOTED).replace("\\'", "'").replace("\\\"", "\""))
}

/// A key or a part of one, on one line and of bounded length, for a message.
pub(crate) fn shown_key(key: &str) -> String {
    shown(key, MAX_KEY)
}

fn shown(text: &str, limit: usize) -> String {
    let start: String = text.chars().take(limit).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(limit).is_some() { "..." } else { "" };
    start + more
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_quoted_value_is_one_short_line() {
        assert_eq!(quoted("a\nb"), r"'a\nb'");
        assert_eq!(quoted("it's"), "'it's'");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), MAX_QUOTED + 5);
    }
}
