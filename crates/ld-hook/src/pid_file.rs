//! A signal to the process that a pid file names.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ld_config::{BoundedFile, read_bounded_regular_file};
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
    found.is_meant_by(&read).map_err(|reason| format!("the pid file '{shown}' is not trusted: {reason}"))?;
    pidfd_send_signal(process, signal).map_err(|error| match error {
        Errno::SRCH => gone(),
        error => format!("{name} cannot be sent to process {id}: {error}"),
    })
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
        Some(Self { id, started: booted()?.checked_add(since_boot(&stat)?)?, user })
    }

    /// Whether the file was written for this process, by one that may name it.
    fn is_meant_by(&self, file: &BoundedFile) -> Result<(), String> {
        let (mode, owner) = (file.metadata.mode(), file.metadata.uid());
        if mode & WRITABLE_BY_OTHERS != 0 {
            return Err(format!("its mode {:04o} lets others write it", mode & 0o7777));
        }
        if ![0, geteuid().as_raw(), self.user].contains(&owner) {
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
mod tests {
    use std::fs::File;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command};

    use super::*;

    struct Target {
        child: Child,
        dir: tempfile::TempDir,
    }

    impl Target {
        fn new() -> Self {
            let child = Command::new("sleep").arg("60").spawn().unwrap();
            let target = Self { child, dir: tempfile::tempdir().unwrap() };
            target.write(&format!("{}\n", target.child.id()));
            target
        }

        fn file(&self) -> std::path::PathBuf {
            self.dir.path().join("pid")
        }

        fn write(&self, text: &str) {
            fs::write(self.file(), text).unwrap();
            self.set_mode(0o644);
        }

        fn set_mode(&self, mode: u32) {
            fs::set_permissions(self.file(), fs::Permissions::from_mode(mode)).unwrap();
        }

        fn refusal(&self) -> String {
            send("SIGTERM", &self.file()).unwrap_err()
        }
    }

    impl Drop for Target {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    #[test]
    fn the_process_of_a_pid_file_gets_the_signal() {
        let mut target = Target::new();
        target.write(&format!("  {}  \nmore\n", target.child.id()));
        send("SIGUSR1", &target.file()).unwrap();
        assert_eq!(target.child.wait().unwrap().signal(), Some(10));
        assert!(target.refusal().starts_with("no process "));
    }

    #[test]
    fn a_pid_file_without_a_process_is_refused() {
        let target = Target::new();
        let own = std::process::id().to_string();
        for text in ["", "\n12", "x", "-1", "0", "1", "99999999999999", own.as_str()] {
            target.write(text);
            assert!(target.refusal().contains("does not begin with the id"), "{text:?}");
        }
        // No process has the highest number of an id.
        target.write(&i32::MAX.to_string());
        assert!(target.refusal().starts_with("no process 2147483647 runs"), "{}", target.refusal());
        target.write(&"9".repeat(MOST_BYTES + 1));
        assert!(target.refusal().contains("larger than"), "{}", target.refusal());
    }

    #[test]
    fn a_pid_file_that_is_older_than_the_process_is_refused() {
        let target = Target::new();
        let file = File::options().write(true).open(target.file()).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        let refusal = target.refusal();
        assert!(refusal.contains("is not trusted: process ") && refusal.contains(" s after it was written"));
    }

    #[test]
    fn a_pid_file_that_others_may_write_is_refused() {
        let target = Target::new();
        for mode in [0o664, 0o646] {
            target.set_mode(mode);
            assert!(target.refusal().contains("lets others write it"), "{mode:o}");
        }
    }

    #[test]
    fn a_pid_file_is_read_without_waiting() {
        let target = Target::new();
        let fifo = target.dir.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        fs::remove_file(target.file()).unwrap();
        symlink(&fifo, target.file()).unwrap();
        assert!(target.refusal().contains("it is a FIFO, not a regular file"), "{}", target.refusal());
    }

    #[test]
    fn a_start_time_is_read_behind_any_name() {
        let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 250 99";
        for name in ["sh", "a) S (b"] {
            let ticks = Duration::from_millis(250_000 / clock_ticks_per_second());
            assert_eq!(since_boot(&format!("9 ({name}) {fields}")), Some(ticks));
        }
        assert_eq!(since_boot("9 (sh) S 1"), None);
    }

    #[test]
    fn a_process_starts_before_it_is_looked_at() {
        let target = Target::new();
        let id = i32::try_from(target.child.id()).unwrap();
        let found = Process::look(Pid::from_raw(id).unwrap()).unwrap();
        let age = SystemTime::now().duration_since(found.started).unwrap_or_default();
        assert!(age < Duration::from_secs(60), "{age:?}");
    }
}
