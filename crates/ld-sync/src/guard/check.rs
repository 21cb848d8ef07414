//! A program of the operator's that looks at content before it may replace a file.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Verdict;
use super::running::{Checks, InHand};
use crate::file::{Target, show_candidate};

/// A check that has not ended by then is killed, and the content is rejected.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// Where a check finds its helpers if the watcher has no PATH.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Runs `program` as one of `checks`, with a file that holds `content` as its only argument; exit 0 accepts.
///
/// It runs as the watcher, without a shell, in its own process group, with PATH for its whole environment. Its output
/// goes nowhere: it could show content.
pub(super) fn run(program: &Path, target: &Target, content: &[u8], checks: &Checks) -> Result<(), Verdict> {
    let in_hand = checks.begin().ok_or(Verdict::Interrupted)?;
    let ended = show_candidate(target, content, |candidate| run_on(program, candidate, LIMIT, &in_hand))?;
    if in_hand.is_ended() {
        return Err(Verdict::Interrupted);
    }
    let name = program.display();
    match ended.map_err(|error| cannot_run(program, error))? {
        Ended::Itself(status) if status.success() => Ok(()),
        Ended::Itself(status) => Err(Verdict::Rejected(match (status.code(), status.signal()) {
            (Some(code), _) => format!("the check {name} rejects it with exit code {code}"),
            (None, signal) => format!("the check {name} was ended by signal {}", signal.unwrap_or_default()),
        })),
        Ended::Late => {
            let limit = LIMIT.as_secs();
            Err(Verdict::Rejected(format!("the check {name} was killed after {limit} s without an answer")))
        }
    }
}

fn cannot_run(program: &Path, error: io::Error) -> Verdict {
    Verdict::Failed(Box::new(io::Error::new(
        error.kind(),
        format!("cannot run {}: {error}", program.display()),
    )))
}

enum Ended {
    Itself(ExitStatus),
    Late,
}

fn run_on(program: &Path, candidate: &Path, limit: Duration, in_hand: &InHand<'_>) -> io::Result<Ended> {
    let mut child = Command::new(program)
        .arg(candidate)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into()))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let group = in_hand.group(Pid::from_child(&child));
    let in_time = ends_within(limit, group.leader);
    // Whatever the child has started ends with it, and before it is reaped: until then the group's id is its own.
    drop(group);
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
    use crate::guard::tests::{wait_until_gone, write_script};

    fn run_for(limit: Duration, script: &Path) -> Ended {
        let checks = Checks::default();
        run_on(script, Path::new("/dev/null"), limit, &checks.begin().unwrap()).unwrap()
    }

    #[test]
    fn a_check_that_writes_without_end_is_neither_blocked_nor_heard() {
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
    fn a_check_that_takes_too_long_is_killed_with_all_that_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("slow");
        let marker = dir.path().join("pid");
        // The grandchild outlives its parent's end unless the whole group is killed.
        let text = format!("#!/bin/sh\nsleep 600 &\necho $! > {}\nwait\n", marker.display());
        write_script(&script, &text);
        let ended = run_for(Duration::from_millis(1_500), &script);
        assert!(matches!(ended, Ended::Late));
        let grandchild: i32 = std::fs::read_to_string(&marker).unwrap().trim().parse().unwrap();
        wait_until_gone(grandchild);
    }
}
