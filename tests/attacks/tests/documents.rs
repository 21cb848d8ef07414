//! The tests that docs/security.md, docs/hardening.md and docs/upstream/ name exist.

use std::fs;
use std::path::{Path, PathBuf};

/// Code in a document with fewer words may be something else than a test.
const WORDS: usize = 4;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Appends all files below `directory` with names that end with `end`.
fn files(directory: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            files(&path, end, found);
        } else if path.to_str().is_some_and(|path| path.ends_with(end)) {
            found.push(path);
        }
    }
}

fn text(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The texts between backquotes.
fn code(document: &str) -> impl Iterator<Item = &str> {
    document.split('`').skip(1).step_by(2)
}

/// The names of tests in the threat model.
fn names(document: &str) -> Vec<&str> {
    let is_name =
        |code: &&str| code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    code(document).filter(is_name).filter(|name| name.split('_').count() >= WORDS).collect()
}

#[test]
fn tests_that_the_documents_name_exist() {
    let security = text(&["docs/security.md", "docs/hardening.md"].map(|page| root().join(page)));
    let (mut reports, mut sources) = (Vec::new(), Vec::new());
    files(&root().join("docs/upstream"), ".md", &mut reports);
    for directory in ["bins", "crates", "tests"] {
        files(&root().join(directory), ".rs", &mut sources);
    }
    let (reports, sources) = (text(&reports), text(&sources));
    let mut names = names(&security);
    assert!(names.len() > 40, "only {} names found", names.len());
    names.extend(code(&reports).filter_map(|code| code.strip_prefix("upstream::")?.rsplit("::").next()));
    names.retain(|name| !sources.contains(&format!("fn {name}(")));
    assert!(names.is_empty(), "no such tests: {names:#?}");
}
