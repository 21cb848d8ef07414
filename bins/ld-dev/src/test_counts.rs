//! Counts tests by the summary lines of their binaries.

use ld_workspace::Failure;

/// The number of tests in all binaries.
#[derive(Debug, Default)]
pub(crate) struct TestCounts {
    passed: u64,
    ignored: u64,
}

impl TestCounts {
    /// Adds a line such as `test result: ok. 12 passed; 0 failed; 0 ignored; ...`. Others are
    /// skipped.
    pub(crate) fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let count = |what: &str| {
            let words = counts.split_whitespace().collect::<Vec<_>>();
            words.windows(2).find(|pair| pair[1] == what).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
        };
        self.passed += count("passed;");
        self.ignored += count("ignored;");
    }

    /// The number of tests that passed so far.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Fails if a test was ignored, since it proves nothing.
    pub(crate) fn check_ignored(&self) -> Result<(), Failure> {
        match self.ignored {
            0 => Ok(()),
            count => Err(Failure::new(format!("{count} tests are ignored; remove #[ignore]"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(lines: &[&str]) -> TestCounts {
        let mut counts = TestCounts::default();
        lines.iter().for_each(|line| counts.add(line));
        counts
    }

    #[test]
    fn the_summaries_of_all_binaries_add_up() {
        let counts = counts(&[
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        ]);
        assert_eq!(counts.passed(), 15);
        counts.check_ignored().unwrap();
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        let counts = counts(&["test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured"]);
        assert_eq!(counts.check_ignored().unwrap_err().to_string(), "2 tests are ignored; remove #[ignore]");
    }
}
