//! Counting tests by the closing lines of their binaries.

use ld_workspace::Failure;

/// Tests over all binaries.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: u64,
    ignored: u64,
}

impl Tally {
    /// Reads `test result: ok. 12 passed; 0 failed; 0 ignored; ...`; other lines are skipped.
    pub(crate) fn note(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let count = |what: &str| {
            let words = counts.split_whitespace().collect::<Vec<_>>();
            words.windows(2).find(|pair| pair[1] == what).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
        };
        self.passed += count("passed;");
        self.ignored += count("ignored;");
    }

    /// How many tests passed so far.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Fails if a test was ignored: a test that does not run proves nothing.
    pub(crate) fn none_ignored(&self) -> Result<(), Failure> {
        match self.ignored {
            0 => Ok(()),
            count => Err(Failure::new(format!("{count} tests are ignored; none may be"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.note(line));
        tally
    }

    #[test]
    fn the_closing_lines_of_all_binaries_add_up() {
        let tally = tally(&[
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        ]);
        assert_eq!(tally.passed(), 15);
        tally.none_ignored().unwrap();
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        let tally = tally(&["test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured"]);
        assert_eq!(tally.none_ignored().unwrap_err().to_string(), "2 tests are ignored; none may be");
    }
}
