//! A program of the operator's that is asked whether a rollout may go on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ld_fleet::RolloutPlan;
use ld_guard::Checks;
use ld_program::{Ended, clear_environment, explain, explain_status};

/// A check that has not ended by then is killed, and the rollout is taken back.
const LIMIT: Duration = Duration::from_secs(60);

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
    /// Why the rollout may not go on: it said no, was late, or cannot run.
    pub fn ask(&self, plan: &RolloutPlan) -> Result<(), String> {
        let name = self.program.display();
        let active = self.checks.begin().ok_or("interrupted")?;
        let mut command = Command::new(&self.program);
        clear_environment(&mut command);
        command.arg(&plan.path).arg(plan.share.to_string());
        match active.run(command, LIMIT) {
            Ok(Ended::Itself(status)) if status.success() => Ok(()),
            Ok(Ended::Itself(status)) => {
                let hint = explain_status(&self.program, status);
                Err(format!("the check {name} says no with {status}{hint}"))
            }
            Ok(Ended::Late) => {
                Err(format!("the check {name} was killed after {} s without an answer", LIMIT.as_secs()))
            }
            Err(error) => {
                Err(format!("the check {name} cannot run: {error}{}", explain(&self.program, &error)))
            }
        }
    }
}
