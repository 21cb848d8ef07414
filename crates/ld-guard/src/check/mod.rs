//! A program of the operator's that looks at content before it may replace a file.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use ld_program::{Active, Ended, clear_environment, explain, explain_status};

use crate::{Checks, Error, Guard};

/// A check that has not ended by then is killed, and the content is rejected.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs `program` as one of `checks`, with the file that `write_file` writes as its only argument;
/// exit 0 accepts.
///
/// It runs as this process's user, without a shell, in a session of its own and so without a
/// terminal, with PATH for its whole environment, and with no descriptor but the three. Its output
/// goes nowhere: it could show content.
pub(crate) fn run<F: AsRef<Path>, E: fmt::Display>(
    program: &Path,
    checks: &Checks,
    write_file: impl FnOnce() -> Result<F, E>,
) -> Result<(), Error> {
    let active = checks.begin().ok_or(Error::Interrupted)?;
    checks.warn_of_writers(program, format_args!("the check {}", program.display()));
    let file = write_file().map_err(|error| Error::NotJudged(error.to_string()))?;
    let ended = run_on(program, file.as_ref(), &active);
    drop(file);
    if active.is_killed() {
        return Err(Error::Interrupted);
    }
    match ended.map_err(|error| cannot_run(program, &error))? {
        Ended::Itself(status) if status.success() => Ok(()),
        Ended::Itself(status) => Err(Error::rejected(Guard::Check, describe(program, status))),
        Ended::Late => {
            let (name, limit) = (program.display(), LIMIT.as_secs());
            let reason = format!("the check {name} was killed after {limit} s without an answer");
            Err(Error::rejected(Guard::Check, reason))
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

fn cannot_run(program: &Path, error: &io::Error) -> Error {
    let (name, explanation) = (program.display(), explain(program, error));
    Error::NotJudged(format!("the check {name} cannot run: {error}{explanation}"))
}

fn run_on(program: &Path, file: &Path, active: &Active<'_>) -> io::Result<Ended> {
    let mut command = Command::new(program);
    clear_environment(&mut command);
    command.arg(file);
    active.run(command, LIMIT)
}
