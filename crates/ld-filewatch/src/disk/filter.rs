//! Which files below a directory count.

use std::path::Path;

use glob::{MatchOptions, Pattern};

/// Chooses files by their path relative to the directory.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    /// `None`: every file.
    pub(crate) glob: Option<Pattern>,
    pub(crate) max_files: usize,
}

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    // Hidden files are skipped before.
    require_literal_leading_dot: false,
};

/// The pattern of a glob, or what to write instead.
pub(crate) fn pattern(glob: &str) -> Result<Pattern, String> {
    let pattern = Pattern::new(glob).map_err(|error| format!("glob: {error}"))?;
    // Files have paths such as `a/b`, and hidden ones are skipped.
    if glob.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return Err(format!(
            "glob: {glob:?} cannot match: write a path relative to the directory, without empty parts, \
             '.', '..' or names that begin with a dot"
        ));
    }
    Ok(pattern)
}

impl Filter {
    pub(crate) fn matches(&self, relative: &Path) -> bool {
        self.glob.as_ref().is_none_or(|glob| glob.matches_path_with(relative, OPTIONS))
    }

    /// Whether a file of a subdirectory can match.
    pub(crate) fn is_deep(&self) -> bool {
        self.glob.as_ref().is_none_or(|glob| glob.as_str().contains('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        let filter = Filter { glob: Some(Pattern::new(glob).expect("a pattern")), max_files: 1 };
        let deep = path.contains('/');
        (!deep || filter.is_deep()) && filter.matches(Path::new(path))
    }

    #[test]
    fn a_glob_that_cannot_match_is_refused() {
        for glob in ["", "/", "/a/*", "../*", "a/../*", "./*", "a/./b", "a/", "a//b", ".a", "a/.*"] {
            let reason = pattern(glob).expect_err(glob);
            assert!(reason.starts_with(&format!("glob: {glob:?} cannot match: ")), "{reason}");
        }
        for glob in ["*", "**", "**/*.json", "a/**", "a.b/c.d", "{a,b}"] {
            pattern(glob).expect(glob);
        }
    }

    #[test]
    fn a_star_stays_within_a_directory() {
        assert!(matches("*.json", "a.json") && !matches("*.json", "d/a.json"));
        assert!(matches("*/*.json", "d/a.json") && !matches("*/*.json", "d/e/a.json"));
        assert!(!matches("*.json", "a.toml") && !matches("*.json", "a.JSON"));
    }

    #[test]
    fn two_stars_cross_directories() {
        assert!(["a.json", "d/a.json", "d/e/a.json"].into_iter().all(|path| matches("**/*.json", path)));
    }
}
