//! Child processes that never outlive the test process, even after SIGKILL.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;
use std::{fs, io};

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::{wait_for, wait_until};

/// How long a killed process may take to end.
const EXIT_LIMIT: Duration = Duration::from_secs(30);

/// A command for `program` that the kernel kills when this process dies, even by SIGKILL.
///
/// It runs through `setpriv` (util-linux), which sets the signal and then executes the program
/// under the same process id.
pub(crate) fn bound_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Starts `command` from a thread that lives as long as the process.
///
/// The kernel's "parent death" is the death of the *thread* that forked. The thread of a test ends
/// with the test, and would take a shared server with it.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    type Job = (Command, mpsc::Sender<io::Result<Child>>);
    static SPAWNER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, jobs) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("testkit-spawner".into())
            .spawn(move || {
                for (mut command, answer) in jobs {
                    // The caller may have panicked; then the child is not needed.
                    if let Err(mpsc::SendError(Ok(mut child))) = answer.send(command.spawn()) {
                        let _ = child.kill();
                        let _ = child.wait();
                    }
                }
            })
            .expect("a thread can be started");
        sender
    });
    let (answer, child) = mpsc::channel();
    spawner.send((command, answer)).expect("the spawner thread never ends");
    child.recv().expect("the spawner thread always answers")
}

/// A running child process that can be signalled from any thread and is killed on drop.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    child: Mutex<Child>,
}

impl Process {
    /// Starts `command`, which should come from [`bound_command`].
    pub(crate) fn spawn(command: Command) -> io::Result<Self> {
        let program = command.get_program().to_owned();
        let child = spawn(command).map_err(|error| explain(&program, error))?;
        Ok(Self { pid: Pid::from_child(&child), child: Mutex::new(child) })
    }

    /// The pipe to its standard input: at the first call, and only if the command has one.
    pub(crate) fn take_stdin(&self) -> Option<ChildStdin> {
        self.lock().stdin.take()
    }

    pub(crate) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Sends `signal`, unless the process has ended: then its id may belong to another process.
    pub(crate) fn signal(&self, signal: Signal) {
        let mut child = self.lock();
        if matches!(child.try_wait(), Ok(None)) {
            kill_process(self.pid, signal).expect("a child that was not waited for can be signalled");
        }
    }

    /// Stops all threads (SIGSTOP) and waits until they are stopped, which takes a moment.
    #[track_caller]
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        wait_until("all threads of a process to stop", EXIT_LIMIT, || {
            self.try_wait().is_some() || self.is_stopped().unwrap_or(false)
        });
    }

    /// Whether all threads have the state `T`, which follows the name in parentheses.
    fn is_stopped(&self) -> io::Result<bool> {
        for thread in fs::read_dir(format!("/proc/{}/task", self.id()))? {
            let stat = fs::read_to_string(thread?.path().join("stat"))?;
            if !stat.rsplit(") ").next().is_some_and(|state| state.starts_with('T')) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lets a stopped process go on (SIGCONT).
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// The exit status, or `None` while the process runs.
    pub(crate) fn try_wait(&self) -> Option<ExitStatus> {
        self.lock().try_wait().expect("a child can be waited for")
    }

    /// Waits for the end of the process, at most for `limit`.
    #[track_caller]
    pub(crate) fn wait(&self, limit: Duration) -> ExitStatus {
        wait_for("the end of a child process", limit, || self.try_wait())
    }

    /// Kills the process, stopped or not, and waits until it has ended.
    pub(crate) fn kill(&self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.wait(EXIT_LIMIT)
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.lock().wait();
    }
}

/// An exit status for messages: `exit code 1`, `signal 9`.
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

fn explain(program: &OsString, error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound && program == "setpriv" {
        return io::Error::new(
            error.kind(),
            "setpriv is missing; install it with: apt-get install util-linux",
        );
    }
    io::Error::new(error.kind(), format!("cannot start {}: {error}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Process {
        let mut command = bound_command("sleep");
        command.arg("60");
        Process::spawn(command).unwrap()
    }

    #[test]
    fn a_child_outlives_the_thread_that_started_it() {
        let process = thread::spawn(sleeper).join().unwrap();
        assert_eq!(process.try_wait(), None);
        // After a second request the end of the first thread has had its effect, if any.
        drop(sleeper());
        assert_eq!(process.try_wait(), None);
    }

    #[test]
    fn a_stopped_child_can_be_killed() {
        let process = sleeper();
        process.freeze();
        assert!(process.is_stopped().unwrap());
        assert_eq!(describe(process.kill()), "signal 9");
        process.signal(Signal::KILL);
    }

    #[test]
    fn a_child_dies_with_its_killed_parent() {
        // The shell is the parent: it starts a bound sleep, prints its id and is killed.
        let mut command = Command::new("sh");
        command.args(["-c", "setpriv --pdeathsig KILL -- sleep 60 & echo $!; wait"]);
        command.stdout(std::process::Stdio::piped());
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        let mut output = io::BufReader::new(shell.stdout.take().unwrap());
        io::BufRead::read_line(&mut output, &mut line).unwrap();
        let sleep = line.trim().to_owned();
        let runs = |name: &str| {
            std::fs::read_to_string(format!("/proc/{sleep}/stat"))
                .is_ok_and(|stat| stat.contains(&format!("({name})")) && !stat.contains(") Z "))
        };
        wait_for("the sleep to start", Duration::from_secs(10), || runs("sleep").then_some(()));
        shell.kill().unwrap();
        shell.wait().unwrap();
        wait_for("the sleep to die", Duration::from_secs(10), || (!runs("sleep")).then_some(()));
    }
}
