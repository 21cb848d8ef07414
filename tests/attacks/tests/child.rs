//! A child process for a test that aborts: this test binary, with one test and a memory limit.

use std::env;
use std::os::unix::process::ExitStatusExt;

use ld_testkit::{SOON, TestCommand};

/// The environment variable with the server for a child.
const TARGET: &str = "LD_ATTACKS_TARGET";
/// SIGABRT.
const ABORT: i32 = 6;

/// The server to connect to, if this process is a child.
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
    /// Any other end, with the output.
    Other(String),
}

/// Runs the test `name` (with its module) in a child, which connects to `target`.
///
/// The child may use `address_space` bytes.
#[track_caller]
pub(crate) fn run(name: &str, target: &str, address_space: u64) -> End {
    let this_binary = env::current_exe().expect("the path of this executable is known");
    let command = TestCommand::new(this_binary)
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
