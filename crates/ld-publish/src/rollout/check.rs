//! A program of the operator's that is asked whether a rollout may go on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ld_fleet::RolloutPlan;
use ld_guard::Checks;
use ld_program::{Ended, clear_environment, explain, explain_status};

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
    /// the node and the share as arguments, and `PATH` for its whole environment.
    ///
    /// # Errors
    ///
    /// Why the rollout may not go on: the program said no, was late, or cannot run.
    pub fn ask(&self, plan: &RolloutPlan) -> Result<(), CheckError> {
        let name = self.program.display();
        let active = self.checks.begin().ok_or(CheckError::Interrupted)?;
        let mut command = Command::new(&self.program);
        clear_environment(&mut command);
        command.arg(&plan.path).arg(plan.share.to_string());
        let ended = active.run(command, LIMIT);
        if active.is_killed() {
            return Err(CheckError::Interrupted);
        }
        let why = match ended {
            Ok(Ended::Itself(status)) if status.success() => return Ok(()),
            Ok(Ended::Itself(status)) => {
                let hint = explain_status(&self.program, status);
                format!("the check {name} says no with {status}{hint}")
            }
            Ok(Ended::Late) => {
                format!("the check {name} was killed after {} s without an answer", LIMIT.as_secs())
            }
            Err(error) => format!("the check {name} cannot run: {error}{}", explain(&self.program, &error)),
        };
        Err(CheckError::No(why))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use ld_fleet::{RolloutPace, Share};

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
    fn a_check_that_is_killed_says_nothing_about_the_rollout() {
        let directory = tempfile::tempdir().unwrap();
        let (program, began) = (directory.path().join("check"), directory.path().join("began"));
        let script = format!("#!/bin/sh\n: > '{}'\nexec sleep 60\n", began.display());
        std::fs::write(&program, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
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
