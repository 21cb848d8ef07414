//! Faults that are injected into one program: system calls that hang or are refused, and refused
//! threads.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::disk::temp_dir::TempDir;

/// A C library that is preloaded into the program.
///
/// It replaces functions of the C library, and catches system calls with a seccomp filter.
const SOURCE: &str = include_str!("faults.c");
const FILES: &str = "files";
const OPENS: &str = "opens";
const WRITES: &str = "writes";
const USERS: &str = "users";
const THREADS: &str = "threads";
const LANDLOCK: &str = "landlock";
const HUNG: &str = "hung.";

/// Faults that a test switches on and off while a program runs.
///
/// The program is started with [`TestCommand::faults`](crate::TestCommand::faults). At first there
/// are no faults.
///
/// Root is not needed. A process with a hung thread can be killed, unlike one that waits for a
/// frozen file system (see [`Disks`](crate::Disks)). SIGSYS kills programs that the program starts
/// at their first caught call, so nodes must have no checks. Only for x86-64 and AArch64.
#[derive(Debug)]
pub struct Faults {
    library: PathBuf,
    control: TempDir,
}

impl Faults {
    /// No faults yet.
    ///
    /// # Panics
    ///
    /// When there is no C compiler; the message has the command that installs it.
    #[must_use]
    #[allow(clippy::new_without_default)] // It writes to the disk, which a default must not do.
    pub fn new() -> Self {
        let control = TempDir::new();
        // The program may run as another user, and writes here.
        fs::set_permissions(control.path(), fs::Permissions::from_mode(0o777))
            .expect("the owner may set the mode");
        Self { library: library().to_owned(), control }
    }

    /// Hangs system calls on these files and on all files below these directories.
    ///
    /// The calls are open, stat, mkdir, rename, unlink, fsync and the like. Each call replaces the
    /// paths of the call before.
    ///
    /// # Panics
    ///
    /// When a path is not absolute: paths are compared as text, and links are not followed.
    pub fn hang_files<P: AsRef<Path>>(&self, paths: &[P]) {
        self.put(FILES, &lines(paths));
    }

    /// From now on opening these files, or anything below these directories, fails with this error
    /// number.
    ///
    /// # Panics
    ///
    /// When a path is not absolute.
    pub fn refuse_opens<P: AsRef<Path>>(&self, error: i32, paths: &[P]) {
        self.put(OPENS, &format!("{error}\n{}", lines(paths)));
    }

    /// The same for writing to these files.
    ///
    /// # Panics
    ///
    /// When a path is not absolute.
    pub fn refuse_writes<P: AsRef<Path>>(&self, error: i32, paths: &[P]) {
        self.put(WRITES, &format!("{error}\n{}", lines(paths)));
    }

    /// Files can be opened and written again.
    pub fn allow_files(&self) {
        self.remove(OPENS);
        self.remove(WRITES);
    }

    /// Lets all system calls on files return.
    pub fn release_files(&self) {
        self.remove(FILES);
    }

    /// Hangs look-ups of users and groups (`getpwnam_r`, `getgrnam_r`).
    pub fn hang_users(&self) {
        self.put(USERS, "");
    }

    /// Lets all look-ups of users and groups return.
    pub fn release_users(&self) {
        self.remove(USERS);
    }

    /// Refuses every new thread with EAGAIN.
    pub fn refuse_threads(&self) {
        self.put(THREADS, "");
    }

    /// Allows new threads again.
    pub fn allow_threads(&self) {
        self.remove(THREADS);
    }

    /// The kernel has no Landlock from now on: it answers with this error number.
    pub fn refuse_landlock(&self, error: i32) {
        self.put(LANDLOCK, &error.to_string());
    }

    /// Number of threads of the program that hang now.
    ///
    /// # Panics
    ///
    /// When the control directory cannot be read.
    #[must_use]
    pub fn hung(&self) -> usize {
        let entries = fs::read_dir(self.control.path()).expect("a private directory is readable");
        let names: BTreeSet<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.iter().filter(|name| name.to_string_lossy().starts_with(HUNG)).count()
    }

    /// The command line right in front of `program`.
    pub(crate) fn wrapper(&self, program: &Path) -> Vec<String> {
        let text = |path: &Path| path.to_str().expect("temporary directories have ASCII names").to_owned();
        let name = program.file_name().and_then(|name| name.to_str()).expect("a program has a name");
        // Keep other preloaded libraries, such as that of a clock.
        const SCRIPT: &str = r#"
            LD_PRELOAD="$1${LD_PRELOAD:+:$LD_PRELOAD}" LD_FAULTS=$2 LD_FAULTS_PROGRAM=$3
            export LD_PRELOAD LD_FAULTS LD_FAULTS_PROGRAM
            shift 3
            exec "$@""#;
        let fixed = ["sh", "-c", SCRIPT, "sh"].map(str::to_owned);
        fixed.into_iter().chain([text(&self.library), text(self.control.path()), name.to_owned()]).collect()
    }

    fn put(&self, fault: &str, content: &str) {
        // The program may read it at any moment, so it must never be half-written.
        let new = self.control.join("new");
        fs::write(&new, content).expect("a private directory is writable");
        fs::rename(new, self.control.join(fault)).expect("a private directory is writable");
    }

    fn remove(&self, fault: &str) {
        // A fault that is not active may be removed.
        let _ = fs::remove_file(self.control.join(fault));
    }
}

fn lines<P: AsRef<Path>>(paths: &[P]) -> String {
    let line = |path: &Path| {
        assert!(path.is_absolute(), "{} is not absolute", path.display());
        format!("{}\n", path.display())
    };
    paths.iter().map(|path| line(path.as_ref())).collect()
}

/// The library, compiled once for each process.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let directory = TempDir::new();
        // Programs of other users load it.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))
            .expect("the owner may set the mode");
        let (source, library) = (directory.join("faults.c"), directory.join("faults.so"));
        fs::write(&source, SOURCE).expect("a private directory is writable");
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let output = command.output().unwrap_or_else(|error| {
            panic!("cannot run cc ({error}); install it with: apt-get install build-essential")
        });
        assert!(output.status.success(), "cc failed:\n{}", String::from_utf8_lossy(&output.stderr));
        directory.keep_until_exit();
        library
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{FakeClock, TestCommand, wait_until};

    const LIMIT: Duration = Duration::from_secs(30);

    fn file() -> (TempDir, PathBuf) {
        let directory = TempDir::new();
        let file = directory.join("file");
        fs::write(&file, "content").unwrap();
        (directory, file)
    }

    #[test]
    fn a_file_hangs_until_it_is_released() {
        let ((_directory, path), faults) = (file(), Faults::new());
        faults.hang_files(&[&path]);
        let program = TestCommand::new("cat").arg(&path).faults(&faults).start();
        wait_until("the call to hang", LIMIT, || faults.hung() == 1);
        assert_eq!(program.stdout(), "");
        faults.release_files();
        assert_eq!(program.wait(LIMIT).code(), Some(0), "{}", program.stderr());
        assert_eq!((program.stdout().as_str(), faults.hung()), ("content", 0));
    }

    #[test]
    fn a_directory_hangs_with_all_files_below_it_only() {
        let ((directory, path), faults) = (file(), Faults::new());
        let other = TempDir::new();
        fs::write(other.join("file"), "other").unwrap();
        faults.hang_files(&[directory.path()]);
        let read = |path: &Path| TestCommand::new("cat").arg(path).faults(&faults);
        assert_eq!(read(&other.join("file")).run(LIMIT).stdout, "other");
        let program = TestCommand::new("cat").arg("file").current_dir(directory.path());
        let program = program.faults(&faults).start();
        wait_until("the call to hang", LIMIT, || faults.hung() == 1);
        // A hung program can be killed.
        drop(program);
        faults.release_files();
        assert_eq!(read(&path).run(LIMIT).stdout, "content");
    }

    #[test]
    fn a_file_is_refused_until_it_is_allowed() {
        let ((_directory, path), faults) = (file(), Faults::new());
        let open = TestCommand::new("cat").arg(&path).faults(&faults);
        let write = TestCommand::new("tee").arg(&path).stdin("content").faults(&faults);
        faults.refuse_opens(23, &[&path]);
        assert!(open.run(LIMIT).stderr.contains("Too many open files in system"));
        faults.allow_files();
        faults.refuse_writes(122, &[&path]);
        assert!(write.run(LIMIT).stderr.contains("Disk quota exceeded"));
        faults.allow_files();
        assert_eq!(write.run(LIMIT).code, Some(0));
        assert_eq!(open.run(LIMIT).stdout, "content");
    }

    #[test]
    fn a_user_look_up_hangs_until_it_is_released() {
        let ((_directory, path), faults) = (file(), Faults::new());
        faults.hang_users();
        // Python's pwd module calls getpwnam_r.
        let ask = "import pwd; print(pwd.getpwnam('root').pw_uid)";
        let program = TestCommand::new("python3").args(["-c", ask]).faults(&faults).start();
        wait_until("the look-up to hang", LIMIT, || faults.hung() == 1);
        assert_eq!(TestCommand::new("cat").arg(path).faults(&faults).run(LIMIT).stdout, "content");
        faults.release_users();
        assert_eq!(program.wait(LIMIT).code(), Some(0), "{}", program.stderr());
        assert_eq!(program.stdout(), "0\n");
    }

    #[test]
    fn threads_are_refused_until_they_are_allowed() {
        let faults = Faults::new();
        let start = "import threading; threading.Thread(target=print, args=['ran']).start()";
        let program = TestCommand::new("python3").args(["-c", start]).faults(&faults);
        faults.refuse_threads();
        let refused = program.run(LIMIT);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{}", refused.stderr);
        faults.allow_threads();
        assert_eq!(program.run(LIMIT).stdout, "ran\n");
    }

    #[test]
    fn a_program_with_blocked_signals_and_a_clock_can_hang() {
        let ((_directory, path), faults) = (file(), Faults::new());
        let clocks = TempDir::new();
        let clock = FakeClock::new(clocks.path());
        clock.set_back(Duration::from_secs(3600));
        faults.hang_files(&[&path]);
        let read = "import signal, sys; \
                    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); \
                    print(open(sys.argv[1]).read(), end='')";
        let program = TestCommand::new("python3").args(["-c", read]).arg(&path);
        let program = program.clock(&clock).faults(&faults).start();
        wait_until("the call to hang", LIMIT, || faults.hung() == 1);
        assert!(clock.is_used_by(program.id()));
        faults.release_files();
        assert_eq!(program.wait(LIMIT).code(), Some(0), "{}", program.stderr());
        assert_eq!(program.stdout(), "content");
    }
}
