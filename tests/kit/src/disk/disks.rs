//! File systems that hang: frozen ones, or ones with system calls that do not return.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::temp_dir::TempDir;
use crate::process::faults::Faults;

/// A shell script that mounts the file systems in a namespace, and executes a command for each line
/// of its input. The end of the input thaws and unmounts all of them, so a killed test process
/// leaves no frozen file system.
const KEEPER: &str = include_str!("disks.sh");

/// Small file systems that can hang. Needs root. Clones are the same disks.
///
/// Only programs that are started with [`TestCommand::disks`](crate::TestCommand::disks) see them.
/// The [`Daemon`](crate::Daemon) of such a program keeps them, and thaws all before it is killed on
/// drop: the kernel does not end a thread that waits for a frozen disk.
#[derive(Debug, Clone)]
pub struct Disks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    // Dropped first: it unmounts before the directory is removed.
    keeper: Mutex<Keeper>,
    directory: TempDir,
    process: u32,
    frozen: Mutex<Vec<bool>>,
    /// The faults that replace freezing, if the disks cannot be frozen.
    faults: Option<Faults>,
}

#[derive(Debug)]
struct Keeper {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Disks {
    /// `count` ext4 file systems that can be frozen: writes hang, reads do not.
    ///
    /// On a machine without loop devices it returns [`Disks::injected`] and prints a line.
    ///
    /// # Panics
    ///
    /// When the process is not root.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self::start(count, "loop", None).unwrap_or_else(|problem| {
            eprintln!("disks cannot be frozen here, so their system calls hang instead: {problem}");
            Self::injected(count)
        })
    }

    /// `count` file systems in memory, with system calls that can hang, reads included.
    ///
    /// # Panics
    ///
    /// When the process is not root.
    #[must_use]
    pub fn injected(count: usize) -> Self {
        let disks = Self::start(count, "memory", Some(Faults::new()));
        disks.unwrap_or_else(|problem| panic!("cannot make disks in memory: {problem}"))
    }

    fn start(count: usize, kind: &str, faults: Option<Faults>) -> Result<Self, String> {
        let directory = TempDir::new();
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--", "sh", "-c", KEEPER, "keeper"]);
        command.arg(directory.path()).args([&count.to_string(), kind]);
        // Its own process group, so that Ctrl-C in a terminal does not end it.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(|error| {
            format!("cannot start unshare ({error}); install it with: apt-get install util-linux")
        })?;
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("a pipe is missing")?);
        let process = child.id();
        let mut keeper = Keeper { child, commands, answers };
        if keeper.answer() != "ready" {
            return Err("mounting needs root, loop devices and mkfs.ext4 (apt-get install e2fsprogs)".into());
        }
        let frozen = Mutex::new(vec![false; count]);
        Ok(Self(Arc::new(Inner { directory, keeper: Mutex::new(keeper), process, frozen, faults })))
    }

    /// The path of a disk, as the programs see it.
    #[must_use]
    pub fn path(&self, disk: usize) -> PathBuf {
        self.0.directory.join(disk.to_string())
    }

    /// The path by which this process sees `path` on a disk. Reading there never hangs.
    ///
    /// # Panics
    ///
    /// When it is not absolute.
    #[must_use]
    pub fn seen(&self, path: &Path) -> PathBuf {
        let path = path.strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.0.process.to_string()).join("root").join(path)
    }

    /// Makes a disk hang from now on.
    ///
    /// # Panics
    ///
    /// When it cannot be frozen.
    #[track_caller]
    pub fn freeze(&self, disk: usize) {
        self.set(disk, true);
    }

    /// Lets a disk go on.
    ///
    /// # Panics
    ///
    /// When it cannot be thawed.
    #[track_caller]
    pub fn thaw(&self, disk: usize) {
        self.set(disk, false);
    }

    /// Lets all disks go on.
    ///
    /// # Panics
    ///
    /// When a disk cannot be thawed.
    pub fn thaw_all(&self) {
        let count = self.0.frozen().len();
        (0..count).for_each(|disk| self.thaw(disk));
    }

    #[track_caller]
    fn set(&self, disk: usize, freeze: bool) {
        let mut frozen = self.0.frozen();
        if frozen[disk] == freeze {
            return;
        }
        if self.0.faults.is_none() {
            let verb = if freeze { "--freeze" } else { "--unfreeze" };
            let mut keeper = self.0.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            let answer = keeper.execute(&format!("{verb} {disk}"));
            assert_eq!(answer, "done", "fsfreeze {verb} of disk {disk}");
        }
        frozen[disk] = freeze;
        if let Some(faults) = &self.0.faults {
            let paths: Vec<_> = (0..frozen.len()).filter(|disk| frozen[*disk]).collect();
            faults.hang_files(&paths.into_iter().map(|disk| self.path(disk)).collect::<Vec<_>>());
        }
    }

    /// The command line in front of all others.
    pub(crate) fn wrapper(&self) -> [String; 5] {
        let target = self.0.process.to_string();
        ["nsenter".into(), "--target".into(), target, "--mount".into(), "--".into()]
    }

    pub(crate) fn faults(&self) -> Option<&Faults> {
        self.0.faults.as_ref()
    }
}

impl Inner {
    fn frozen(&self) -> MutexGuard<'_, Vec<bool>> {
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    fn execute(&mut self, line: &str) -> String {
        let commands = self.commands.as_mut().expect("only a drop takes it");
        writeln!(commands, "{line}").expect("the keeper reads its commands");
        self.answer()
    }

    /// The next line; empty when the keeper has ended.
    fn answer(&mut self) -> String {
        let mut line = String::new();
        let _ = self.answers.read_line(&mut line);
        line.trim_end().to_owned()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The end of its input makes it thaw, unmount and end.
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::{Daemon, TestCommand, wait_until};

    const LIMIT: Duration = Duration::from_secs(30);

    fn is_tee(program: &Daemon) -> bool {
        fs::read_to_string(format!("/proc/{}/comm", program.id())).is_ok_and(|name| name == "tee\n")
    }

    #[track_caller]
    fn writing_hangs_until_the_thaw(disks: &Disks) {
        let write = |disk| {
            let file = disks.path(disk).join("file");
            TestCommand::new("tee").arg(file).stdin("content").disks(disks)
        };
        disks.freeze(1);
        assert_eq!(write(0).run(LIMIT).code, Some(0));
        let program = write(1).start();
        let held = || fs::read(disks.seen(&disks.path(1).join("file"))).unwrap_or_default();
        wait_until("the program to run", LIMIT, || is_tee(&program));
        assert!(program.is_running() && held().is_empty());
        disks.thaw(1);
        assert_eq!(program.wait(LIMIT).code(), Some(0), "{}", program.stderr());
        assert_eq!(held(), b"content");
    }

    #[test]
    fn writing_to_a_frozen_disk_hangs_until_it_is_thawed() {
        writing_hangs_until_the_thaw(&Disks::new(2));
    }

    #[test]
    fn writing_to_an_injected_disk_hangs_until_it_is_thawed() {
        writing_hangs_until_the_thaw(&Disks::injected(2));
    }

    #[test]
    fn a_program_that_waits_for_a_frozen_disk_is_killed_on_drop() {
        let disks = Disks::new(1);
        disks.freeze(0);
        let file = disks.path(0).join("file");
        let program = TestCommand::new("tee").arg(&file).disks(&disks).start();
        wait_until("the program to run", LIMIT, || is_tee(&program));
        drop(program);
        drop(disks);
    }
}
