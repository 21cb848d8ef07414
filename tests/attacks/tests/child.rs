//! A process of its own for what aborts: this test binary again, with one test and a limit.

use std::env;
use std::os::unix::process::ExitStatusExt;

use ld_testkit::{SOON, TestCommand};

/// The variable that tells a child what to connect to.
const TARGET: &str = "LD_ATTACKS_TARGET";
/// SIGABRT.
const ABORT: i32 = 6;

/// What this process is to connect to, if it is a child.
pub(crate) fn target() -> Option<String> {
    env::var(TARGET).ok()
}

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The test passed.
    Passed,
    /// The process aborted because memory was refused.
    Aborted,
    /// Anything else, with what it printed.
    Other(String),
}

/// Runs the test `name` (with its module) in a child that may have `address_space` bytes and
/// connects to `target`.
#[track_caller]
pub(crate) fn run(name: &str, target: &str, address_space: u64) -> End {
    let itself = env::current_exe().expect("the path of this executable is known");
    let command = TestCommand::new(itself)
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(TARGET, target)
        .limit("core", 0)
        .limit("as", address_space);
    let child = command.start();
    let status = child.wait(3 * SOON);
    let output = format!("{}{}", child.stdout(), child.stderr());
    match (status.code(), status.signal()) {
        (Some(0), _) => End::Passed,
        (None, Some(ABORT)) if output.contains("memory allocation of") => End::Aborted,
        _ => End::Other(format!("{status}: {output}")),
    }
}
