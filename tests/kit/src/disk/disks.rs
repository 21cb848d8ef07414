//! File systems that hang: real ones that are frozen, or ones whose system calls do not return.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::dirs::TempDir;
use crate::process::faults::Faults;

/// Keeps the file systems in its mount namespace and does what it is told, line by line. The end of
/// its input thaws and unmounts everything, so a killed test process leaves no frozen file system.
const KEEPER: &str = include_str!("disks.sh");

/// Small file systems, each of its own, which only the programs see that are started with
/// [`TestCommand::disks`](crate::TestCommand::disks). Needs root. Clones are the same disks.
///
/// While a program runs that has them, its [`Daemon`](crate::Daemon) keeps them, and thaws all
/// before it is killed on drop: the kernel does not end a thread that waits for a frozen one.
#[derive(Debug, Clone)]
pub struct Disks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    // It ends, and unmounts, before the directory goes.
    keeper: Mutex<Keeper>,
    directory: TempDir,
    process: u32,
    frozen: Mutex<Vec<bool>>,
    /// How they hang, if they cannot be frozen.
    faults: Option<Faults>,
}

#[derive(Debug)]
struct Keeper {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Disks {
    /// So many ext4 file systems, which can be frozen: what would write hangs, what reads does not.
    /// On a machine that lets none be mounted, [`Disks::injected`] ones; a line says so.
    ///
    /// # Panics
    ///
    /// Without root.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self::start(count, "loop", None).unwrap_or_else(|problem| {
            eprintln!("no disks to freeze, their system calls are made to hang instead: {problem}");
            Self::injected(count)
        })
    }

    /// So many file systems in memory, whose system calls can hang, all of them.
    ///
    /// # Panics
    ///
    /// Without root.
    #[must_use]
    pub fn injected(count: usize) -> Self {
        let disks = Self::start(count, "memory", Some(Faults::new()));
        disks.unwrap_or_else(|problem| panic!("no disks in memory: {problem}"))
    }

    fn start(count: usize, kind: &str, faults: Option<Faults>) -> Result<Self, String> {
        let directory = TempDir::new();
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--", "sh", "-c", KEEPER, "keeper"]);
        command.arg(directory.path()).args([&count.to_string(), kind]);
        // A group of its own, so that Ctrl-C in a terminal does not take it along.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(|error| {
            format!("cannot start unshare ({error}); install it with: apt-get install util-linux")
        })?;
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("a pipe is missing")?);
        let process = child.id();
        let mut keeper = Keeper { child, orders, answers };
        if keeper.answer() != "ready" {
            return Err("mounting needs root, loop devices and mkfs.ext4 (apt-get install e2fsprogs)".into());
        }
        let frozen = Mutex::new(vec![false; count]);
        Ok(Self(Arc::new(Inner { directory, keeper: Mutex::new(keeper), process, frozen, faults })))
    }

    /// Where the programs see that one.
    #[must_use]
    pub fn path(&self, disk: usize) -> PathBuf {
        self.0.directory.join(disk.to_string())
    }

    /// A path on a disk as this process sees it. Reading there never hangs.
    ///
    /// # Panics
    ///
    /// When it is not absolute.
    #[must_use]
    pub fn seen(&self, path: &Path) -> PathBuf {
        let path = path.strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.0.process.to_string()).join("root").join(path)
    }

    /// From now on that disk hangs.
    ///
    /// # Panics
    ///
    /// When it cannot be frozen.
    #[track_caller]
    pub fn freeze(&self, disk: usize) {
        self.set(disk, true);
    }

    /// It goes on.
    ///
    /// # Panics
    ///
    /// When it cannot be thawed.
    #[track_caller]
    pub fn thaw(&self, disk: usize) {
        self.set(disk, false);
    }

    /// All go on.
    ///
    /// # Panics
    ///
    /// When one cannot be thawed.
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
            let answer = keeper.order(&format!("{verb} {disk}"));
            assert_eq!(answer, "done", "fsfreeze {verb} of disk {disk}");
        }
        frozen[disk] = freeze;
        if let Some(faults) = &self.0.faults {
            let paths: Vec<_> = (0..frozen.len()).filter(|disk| frozen[*disk]).collect();
            faults.hang_files(&paths.into_iter().map(|disk| self.path(disk)).collect::<Vec<_>>());
        }
    }

    /// What a command line is wrapped by, outermost.
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
    fn order(&mut self, line: &str) -> String {
        let orders = self.orders.as_mut().expect("taken on drop only");
        writeln!(orders, "{line}").expect("the keeper reads its orders");
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
        // The end of its input lets it thaw, unmount and end.
        drop(self.orders.take());
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
    fn writing_to_a_frozen_disk_hangs_until_its_thaw() {
        writing_hangs_until_the_thaw(&Disks::new(2));
    }

    #[test]
    fn writing_to_a_hung_disk_hangs_until_its_thaw() {
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
