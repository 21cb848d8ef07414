//! What is wrong with a file: where, in which key, and what is allowed.

use std::fmt;
use std::sync::Arc;

use crate::quote::shown_key;

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// The configuration works, but hardly as it is meant.
    Warning,
}

impl Severity {
    /// The word for logs and reports: `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One error or warning. Its `Display` is one line, `origin:line: key: message`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Whether it is an error or a warning; `Display` does not show it.
    pub severity: Severity,
    /// The file as its reader named it.
    pub origin: Arc<str>,
    /// The line in the file, from 1.
    pub line: usize,
    /// The column of the key, or of what stands in its place, in characters from 1.
    pub column: usize,
    /// The key, lower-cased; `None` where the line is no key.
    pub key: Option<String>,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// A place in a file, both parts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<usize> for Position {
    /// The start of a line.
    fn from(line: usize) -> Self {
        Self { line, column: 1 }
    }
}

/// What is wrong with the section of one node, for a program that does not need all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeProblems {
    /// The node's path, as in [`NodeConfig::source`](crate::NodeConfig::source); empty if it cannot
    /// be read.
    pub source: String,
    /// Why its guards cannot be known: mistakes in them, or in its source while it has guards.
    pub errors: Vec<Problem>,
    /// What works but is hardly meant, such as a misspelt key.
    pub warnings: Vec<Problem>,
}

impl Problem {
    /// Where it is, without a value: `live-data.ini:3: zookeeper.hosts`.
    pub fn place(&self) -> String {
        let key = self.key.as_deref().map(|key| format!(": {}", shown_key(key))).unwrap_or_default();
        format!("{}:{}{key}", self.origin, self.line)
    }

    /// A warning about the file as a whole, at its first line.
    pub(crate) fn of_file(origin: &str, message: String) -> Self {
        Self { severity: Severity::Warning, origin: origin.into(), line: 1, column: 1, key: None, message }
    }

    /// A warning about a key.
    pub(crate) fn of_key(origin: &str, at: Position, key: &str, message: String) -> Self {
        let Position { line, column } = at;
        let key = Some(key.to_owned());
        Self { severity: Severity::Warning, origin: origin.into(), line, column, key, message }
    }
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
