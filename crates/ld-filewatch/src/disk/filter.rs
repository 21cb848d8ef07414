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
