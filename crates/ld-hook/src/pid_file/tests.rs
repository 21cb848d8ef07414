//! Which pid files are trusted, and which process gets the signal.

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
fn a_process_that_has_ended_and_was_not_waited_for_is_gone() {
    let mut target = Target::new();
    target.child.kill().unwrap();
    let id = Pid::from_child(&target.child);
    // The child stays a zombie: nothing waits for it yet.
    rustix::process::waitid(
        rustix::process::WaitId::Pid(id),
        rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT,
    )
    .unwrap();
    assert!(target.refusal().starts_with("no process "), "{}", target.refusal());
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
fn a_pid_file_of_another_user_is_refused() {
    let target = Target::new();
    let found = Process::look(Pid::from_child(&target.child)).unwrap();
    assert_eq!(found.user, geteuid().as_raw());
    for (owner, is_trusted) in [(0, true), (7, true), (8, true), (9, false)] {
        assert_eq!(may_name(owner, 7, 8), is_trusted, "{owner}");
    }
}

#[test]
fn a_directory_in_which_others_may_replace_a_pid_file_is_told() {
    let target = Target::new();
    assert_eq!(open_directory_of(&target.file()), None);
    fs::set_permissions(target.dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let directory = open_directory_of(&target.file()).unwrap();
    assert_eq!(directory.path, target.dir.path().canonicalize().unwrap());
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
    let found = Process::look(Pid::from_child(&target.child)).unwrap();
    let age = SystemTime::now().duration_since(found.started).unwrap_or_default();
    assert!(age < Duration::from_secs(60), "{age:?}");
}
