//! Programs that a test writes and others run.

use std::path::Path;

use crate::host::config::SOON;
use crate::process::command::TestCommand;

/// Writes a program, such as a shell script, with the permission bits `mode`.
///
/// `install` writes it: if this process did, a fork in another test could inherit the descriptor,
/// and a file that is open for writing cannot be run.
///
/// # Panics
///
/// The file cannot be written.
pub fn install_script(path: &Path, mode: u32, text: &str) {
    let install = TestCommand::new("install").args(["-m", &format!("{mode:o}"), "/dev/stdin"]).arg(path);
    let output = install.stdin(text).run(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}
