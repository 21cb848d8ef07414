//! A program of the operator's that answers by its exit code.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use ld_program::{Ended, clear_environment, explain, explain_status};

use crate::{Checks, Error, Guard};

/// Asks `program` as one of `checks`: exit code 0 accepts. It blocks until the program's end, and
/// kills it after `limit`, which rejects. `arguments` makes what it gets on its command line, such
/// as a file; that is dropped after its end.
///
/// It runs as this process's user, without a shell, in a session of its own and so without a
/// terminal, with PATH for its whole environment, and with no descriptor but the three. Its output
/// goes nowhere: it could show content.
///
/// # Errors
///
/// - [`Error::Rejected`]: the program rejects, by its exit code, a signal or its silence.
/// - [`Error::NotJudged`]: it cannot run, or its arguments cannot be made.
/// - [`Error::Interrupted`]: [`Checks::end`] came before its answer.
pub fn ask_program<A: AsRef<Path>, E: fmt::Display, const N: usize>(
    program: &Path,
    checks: &Checks,
    limit: Duration,
    arguments: impl FnOnce() -> Result<[A; N], E>,
) -> Result<(), Error> {
    let active = checks.begin().ok_or(Error::Interrupted)?;
    let name = program.display();
    checks.warn_of_writers(program, format_args!("the check {name}"));
    let arguments = arguments().map_err(|error| Error::NotJudged(error.to_string()))?;
    let mut command = Command::new(program);
    clear_environment(&mut command);
    command.args(arguments.each_ref().map(AsRef::as_ref));
    let ended = active.run(command, limit);
    drop(arguments);
    if active.is_killed() {
        return Err(Error::Interrupted);
    }
    match ended {
        Ok(Ended::Itself(status)) if status.success() => Ok(()),
        Ok(Ended::Itself(status)) => Err(Error::rejected(Guard::Check, describe(program, status))),
        Ok(Ended::Late) => {
            let limit = limit.as_secs();
            let reason = format!("the check {name} was killed after {limit} s without an answer");
            Err(Error::rejected(Guard::Check, reason))
        }
        Err(error) => {
            let explanation = explain(program, &error);
            Err(Error::NotJudged(format!("the check {name} cannot run: {error}{explanation}")))
        }
    }
}

fn describe(program: &Path, status: ExitStatus) -> String {
    let name = program.display();
    let Some(code) = status.code() else {
        return format!("the check {name} was ended by signal {}", status.signal().unwrap_or_default());
    };
    let hint = explain_status(program, status);
    format!("the check {name} rejects it with exit code {code}{hint}")
}
