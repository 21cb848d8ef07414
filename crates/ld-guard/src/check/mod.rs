//! A program of the operator's that looks at content before it may replace a file.

mod children;
mod first_line;
mod running;
mod session;

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use process_wrap::std::{CommandWrap, ProcessSession};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tracing::warn;

use crate::Error;
use children::OwnChild;
use running::ActiveCheck;

pub use children::reap_orphans;
pub use running::Checks;

/// A check that has not ended by then is killed, and the content is rejected.
const LIMIT: Duration = Duration::from_secs(10);

/// Where a check finds its helpers if the watcher has no PATH.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What a shell answers when it cannot run what it was told to, and when it does not find it.
const SHELL_CANNOT_RUN: [i32; 2] = [126, 127];

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
    warn_of_writers(program, checks);
    let file = write_file().map_err(|error| Error::NotJudged(error.to_string()))?;
    let ended = run_on(program, file.as_ref(), LIMIT, &active);
    drop(file);
    if active.is_ended() {
        return Err(Error::Interrupted);
    }
    match ended.map_err(|error| cannot_run(program, &error))? {
        Ended::Itself(status) if status.success() => Ok(()),
        Ended::Itself(status) => Err(Error::Rejected(describe(program, status))),
        Ended::Late => {
            let (name, limit) = (program.display(), LIMIT.as_secs());
            Err(Error::Rejected(format!("the check {name} was killed after {limit} s without an answer")))
        }
    }
}

/// Warns once of a program that others may change: it runs with all that the watcher has.
fn warn_of_writers(program: &Path, checks: &Checks) {
    // What cannot be looked at cannot be run either, which says why.
    let writers = std::fs::metadata(program).ok().and_then(|program| ld_config::other_writers(&program));
    if let Some(writers) = writers.filter(|_| checks.is_first_warning(program)) {
        warn!("the check {}: {writers}", program.display());
    }
}

fn describe(program: &Path, status: ExitStatus) -> String {
    let name = program.display();
    let Some(code) = status.code() else {
        return format!("the check {name} was ended by signal {}", status.signal().unwrap_or_default());
    };
    let hint = if SHELL_CANNOT_RUN.contains(&code) && first_line::ends_in_carriage_return(program) {
        ": its first line ends in a carriage return, which is taken for a part of the name"
    } else {
        ""
    };
    format!("the check {name} rejects it with exit code {code}{hint}")
}

fn cannot_run(program: &Path, error: &io::Error) -> Error {
    let (name, explanation) = (program.display(), first_line::explain(program, error));
    Error::NotJudged(format!("the check {name} cannot run: {error}{explanation}"))
}

enum Ended {
    Itself(ExitStatus),
    Late,
}

fn run_on(program: &Path, file: &Path, limit: Duration, active: &ActiveCheck<'_>) -> io::Result<Ended> {
    let mut command = Command::new(program);
    command
        .arg(file)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into()))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut command = CommandWrap::from(command);
    command.wrap(ProcessSession);
    let mut child = OwnChild::start(command)?;
    let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let session = active.session(leader.ok_or_else(|| io::Error::other("it has no process id"))?);
    let in_time = ends_within(limit, session.leader);
    // All that the check has started ends with it, before it is reaped: until then the session's id
    // is its own.
    drop(session);
    let status = child.wait()?;
    Ok(if in_time? { Ended::Itself(status) } else { Ended::Late })
}

/// Waits for the end of `child` itself. Returns whether it came within `limit`.
fn ends_within(limit: Duration, child: Pid) -> io::Result<bool> {
    let deadline = Instant::now() + limit;
    let child = pidfd_open(child, PidfdFlags::empty())?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut ends = [PollFd::from_borrowed_fd(child.as_fd(), PollFlags::IN)];
        match poll(&mut ends, Some(&timeout)) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{wait_until_gone, write_script};

    fn run_for(limit: Duration, script: &Path) -> Ended {
        let checks = Checks::default();
        run_on(script, Path::new("/dev/null"), limit, &checks.begin().unwrap()).unwrap()
    }

    #[test]
    fn a_check_that_writes_without_end_is_not_blocked() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("loud");
        // Far more than a pipe holds, on both outputs.
        let text = "#!/bin/sh\nhead -c 50000000 /dev/zero\nhead -c 50000000 /dev/zero >&2\n";
        write_script(&script, text);
        let ended = run_for(LIMIT, &script);
        assert!(matches!(ended, Ended::Itself(status) if status.success()));

        let script = dir.path().join("endless");
        write_script(&script, "#!/bin/sh\nyes >&2 &\nexec yes\n");
        let ended = run_for(Duration::from_millis(500), &script);
        assert!(matches!(ended, Ended::Late));
    }

    #[test]
    fn a_late_check_is_killed_with_all_groups_of_its_session() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("slow");
        let marker = dir.path().join("pid");
        // `timeout` makes a process group of its own.
        let text = format!("#!/bin/sh\ntimeout 600 sh -c 'echo $$ > {}; sleep 600; :'\n", marker.display());
        write_script(&script, &text);
        let ended = run_for(Duration::from_millis(1_500), &script);
        assert!(matches!(ended, Ended::Late));
        let grandchild: i32 = std::fs::read_to_string(&marker).unwrap().trim().parse().unwrap();
        wait_until_gone(grandchild);
    }

    #[test]
    fn what_a_check_leaves_behind_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let (script, marker) = (dir.path().join("leaving"), dir.path().join("pid"));
        write_script(&script, &format!("#!/bin/sh\nsleep 600 &\necho $! > {}\n", marker.display()));
        assert!(matches!(run_for(LIMIT, &script), Ended::Itself(status) if status.success()));
        wait_until_gone(std::fs::read_to_string(&marker).unwrap().trim().parse().unwrap());
    }
}
