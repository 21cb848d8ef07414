//! A program of the operator's that is asked whether a rollout may go on.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ld_fleet::RolloutPlan;
use ld_guard::{Checks, ask_program};

/// A check that has not ended by then is killed, and the rollout is taken back.
const LIMIT: Duration = Duration::from_secs(60);

/// Why a rollout may not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The checks were ended before there was an answer, which says nothing about the rollout.
    #[error("interrupted")]
    Interrupted,
    /// There is no good answer: why.
    #[error("{0}")]
    No(String),
}

/// A program that is asked in each round whether the rollout may go on: exit code 0 says yes. It
/// may ask what measures the users of the content.
#[derive(Debug, Clone)]
pub struct RolloutCheck {
    program: PathBuf,
    checks: Checks,
}

impl RolloutCheck {
    /// The program at an absolute path, run as one of `checks`.
    pub fn new(program: &Path, checks: Checks) -> Self {
        Self { program: program.to_owned(), checks }
    }

    /// Asks the program. It blocks until its end, a minute at most. The program gets the path of
    /// the node and the share as arguments. It runs as [`ask_program`] runs all checks.
    ///
    /// # Errors
    ///
    /// Why the rollout may not go on: the program said no, was late, or cannot run.
    pub fn ask(&self, plan: &RolloutPlan) -> Result<(), CheckError> {
        let arguments = || Ok::<_, Infallible>([plan.path.clone(), plan.share.to_string()]);
        ask_program(&self.program, &self.checks, LIMIT, arguments).map_err(|error| match error {
            ld_guard::Error::Interrupted => CheckError::Interrupted,
            ld_guard::Error::NotJudged(why) => CheckError::No(why),
            error => CheckError::No(error.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use ld_fleet::{RolloutPace, Share};
    use ld_testkit::install_script;

    use super::*;

    fn plan() -> RolloutPlan {
        let pace = RolloutPace {
            steps: vec![Share::WHOLE],
            soak: Duration::from_secs(1),
            max_bad: Share::NONE,
            check: true,
        };
        let by = ("alice@host".to_owned(), "2026-01-01T00:00:00Z".to_owned());
        RolloutPlan::new("0123456789abcdef".to_owned(), "/a", b"new", pace, 1, by).unwrap()
    }

    #[test]
    fn the_answer_is_that_of_every_other_check() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("check");
        let ask = || RolloutCheck::new(&program, Checks::default()).ask(&plan()).map_err(|e| e.to_string());
        let name = program.display();
        assert!(ask().unwrap_err().starts_with(&format!("the check {name} cannot run: ")));
        for (script, answer) in [
            ("[ \"$1 $2\" = '/a 100%' ]", Ok(())),
            ("exit 3", Err(format!("the check {name} rejects it with exit code 3"))),
            ("kill -9 $$", Err(format!("the check {name} was ended by signal 9"))),
        ] {
            install_script(&program, 0o755, &format!("#!/bin/sh\n{script}\n"));
            assert_eq!(ask(), answer, "{script}");
        }
    }

    #[test]
    fn a_check_that_is_killed_says_nothing_about_the_rollout() {
        let directory = tempfile::tempdir().unwrap();
        let (program, began) = (directory.path().join("check"), directory.path().join("began"));
        install_script(&program, 0o755, &format!("#!/bin/sh\n: > '{}'\nexec sleep 60\n", began.display()));
        let checks = Checks::default();
        let check = RolloutCheck::new(&program, checks.clone());
        let asked = thread::spawn(move || check.ask(&plan()));
        let start = Instant::now();
        while !began.exists() && start.elapsed() < Duration::from_secs(20) {
            thread::yield_now();
        }
        checks.kill();
        assert!(matches!(asked.join().unwrap(), Err(CheckError::Interrupted)));
    }
}
