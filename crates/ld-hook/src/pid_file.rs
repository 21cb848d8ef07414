//! A signal to the process that a pid file names.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ld_config::{BoundedFile, OpenDirectory, open_directory, read_bounded_regular_file};
use rustix::io::Errno;
use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, PidfdFlags, Signal, geteuid, pidfd_open, pidfd_send_signal, test_kill_process};
use rustix::time::{ClockId, clock_gettime};

/// The largest pid file, in bytes: some programs write more than the number.
const MOST_BYTES: usize = 4096;

/// A process may be as much younger than its pid file: the clock is set a little now and then.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// The permission bits with which others could name another process.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Sends the signal `name` to the process that `file` names. What is checked and what is sent to is
/// one process, also when ids are given to others meanwhile.
pub(crate) fn send(name: &str, file: &Path) -> Result<(), String> {
    let signal = signal(name).ok_or_else(|| format!("{name} is not a signal that a hook sends"))?;
    let shown = file.display();
    let read = read_bounded_regular_file(file, MOST_BYTES)
        .map_err(|error| format!("the pid file '{shown}' cannot be read: {error}"))?;
    let pid = parse(&read.content).ok_or_else(|| {
        format!("the pid file '{shown}' does not begin with the id of another process (2 or more)")
    })?;
    let id = pid.as_raw_nonzero();
    let gone = || format!("no process {id} runs, which the pid file '{shown}' names");
    // The descriptor names this process even when it ends and its id is given to another one.
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| match error {
        Errno::SRCH => gone(),
        error => format!("process {id}, which the pid file '{shown}' names, cannot be opened: {error}"),
    })?;
    let found = Process::look(pid).ok_or_else(|| match test_kill_process(pid) {
        Err(Errno::SRCH) => gone(),
        _ => format!(
            "process {id}, which the pid file '{shown}' names, cannot be seen in /proc: is it hidden (hidepid, \
             ProtectProc=)?"
        ),
    })?;
    if found.has_ended {
        return Err(gone());
    }
    found.is_meant_by(&read).map_err(|reason| format!("the pid file '{shown}' is not trusted: {reason}"))?;
    pidfd_send_signal(process, signal).map_err(|error| match error {
        Errno::SRCH => gone(),
        error => format!("{name} cannot be sent to process {id}: {error}"),
    })
}

/// A directory through which others than the owner of the pid file could replace it.
pub(crate) fn open_directory_of(file: &Path) -> Option<OpenDirectory> {
    let owner = fs::metadata(file).ok()?.uid();
    open_directory(file, Some(owner))
}

fn signal(name: &str) -> Option<Signal> {
    let known = [
        ("SIGHUP", Signal::HUP),
        ("SIGUSR1", Signal::USR1),
        ("SIGUSR2", Signal::USR2),
        ("SIGINT", Signal::INT),
        ("SIGQUIT", Signal::QUIT),
        ("SIGTERM", Signal::TERM),
        ("SIGWINCH", Signal::WINCH),
    ];
    known.into_iter().find(|(known, _)| *known == name).map(|(_, signal)| signal)
}

/// The number in the first line. Process 1 and this one are never meant.
fn parse(content: &[u8]) -> Option<Pid> {
    let line = content.split(|byte| *byte == b'\n').next()?;
    let id: i32 = std::str::from_utf8(line).ok()?.trim().parse().ok()?;
    let is_this = u32::try_from(id).is_ok_and(|id| id == std::process::id());
    if id <= 1 || is_this { None } else { Pid::from_raw(id) }
}

/// What `/proc` says of a process.
struct Process {
    id: Pid,
    /// It only waits for its parent to learn of its end.
    has_ended: bool,
    started: SystemTime,
    /// Its real user.
    user: u32,
}

impl Process {
    /// `None`: it is gone, or this process may not see it.
    fn look(id: Pid) -> Option<Self> {
        let directory = format!("/proc/{}", id.as_raw_nonzero());
        let stat = fs::read_to_string(format!("{directory}/stat")).ok()?;
        let status = fs::read_to_string(format!("{directory}/status")).ok()?;
        let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        let user = users.split_whitespace().next()?.parse().ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        let has_ended = fields.starts_with(['Z', 'X']);
        Some(Self { id, has_ended, started: booted()?.checked_add(since_boot(&stat)?)?, user })
    }

    /// Whether the file was written for this process, by one that may name it.
    fn is_meant_by(&self, file: &BoundedFile) -> Result<(), String> {
        let (mode, owner) = (file.metadata.mode(), file.metadata.uid());
        if mode & WRITABLE_BY_OTHERS != 0 {
            return Err(format!("its mode {:04o} lets others write it", mode & 0o7777));
        }
        if !may_name(owner, self.user, geteuid().as_raw()) {
            let (id, user) = (self.id.as_raw_nonzero(), self.user);
            return Err(format!(
                "it belongs to user {owner}, neither to root nor to the user of this process nor to that of process \
                 {id} ({user})"
            ));
        }
        let written = file.metadata.modified().map_err(|error| error.to_string())?;
        match self.started.duration_since(written) {
            Ok(younger) if younger > CLOCK_TOLERANCE => Err(format!(
                "process {} started {:.0} s after it was written, so that another one is meant",
                self.id.as_raw_nonzero(),
                younger.as_secs_f64()
            )),
            _ => Ok(()),
        }
    }
}

/// Whether a file of `owner` may name a process of `user`. A user that could send the signal by
/// itself gains nothing; root and our own user, `own`, could write anything.
fn may_name(owner: u32, user: u32, own: u32) -> bool {
    [0, own, user].contains(&owner)
}

/// When the machine was booted, by today's clock.
fn booted() -> Option<SystemTime> {
    let since = clock_gettime(ClockId::Boottime);
    SystemTime::now().checked_sub(since.try_into().ok()?)
}

/// When a process started. Behind its name, which is in parentheses and may hold some itself, stand
/// 19 fields before the one that counts in clock ticks.
fn since_boot(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: u64 = fields.split(' ').nth(19)?.parse().ok()?;
    Some(Duration::from_millis(ticks.checked_mul(1_000)? / clock_ticks_per_second()))
}

#[cfg(test)]
mod tests;
