//! A linter for editors and CI: each problem of a configuration file is one line of JSON.

use std::io::{self, Write};
use std::path::Path;

use ld_config::{Config, ConfigError, Environment, Problem, Scope, Severity};
use serde::Serialize;

/// One line of the output.
#[derive(Serialize)]
struct Line<'a> {
    severity: &'static str,
    file: &'a str,
    line: usize,
    column: usize,
    key: Option<&'a str>,
    message: &'a str,
}

impl<'a> From<&'a Problem> for Line<'a> {
    fn from(problem: &'a Problem) -> Self {
        Line {
            severity: if problem.severity == Severity::Warning { "warning" } else { "error" },
            file: &problem.origin,
            line: problem.line,
            column: problem.column,
            key: problem.key.as_deref(),
            message: &problem.message,
        }
    }
}

/// Writes the problems of the file at `path`, in the order of its lines, and returns how many there
/// are.
pub fn lint(path: &Path, env: &Environment, out: &mut impl Write) -> io::Result<usize> {
    let mut problems = match Config::read(path, env, Scope::Watcher) {
        Ok(parsed) => parsed.warnings,
        Err(ConfigError::Invalid { errors, warnings }) => [errors, warnings].concat(),
        // It cannot be read: that has no line.
        Err(error) => return Err(io::Error::other(error)),
    };
    problems.sort_by_key(|problem| (problem.line, problem.column));
    for problem in &problems {
        writeln!(out, "{}", serde_json::to_string(&Line::from(problem))?)?;
    }
    Ok(problems.len())
}
