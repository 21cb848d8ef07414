//! Running cargo in the workspace.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::failure::Failure;

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this package is two levels below the workspace").to_owned()
}

/// A cargo command in the root of the workspace.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(workspace()).stdin(Stdio::null());
    command
}

/// Runs a cargo command with our standard output and error.
pub fn run(mut command: Command) -> Result<(), Failure> {
    let line = describe(&command);
    let status = command.status().map_err(Failure::doing(format!("cannot run {line}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{line} failed ({status})"))) }
}

/// Runs a cargo command, prints its standard output, and passes each line of it to `on_line`.
pub fn run_and_read(mut command: Command, mut on_line: impl FnMut(&str)) -> Result<(), Failure> {
    let line = describe(&command);
    let cannot = || format!("cannot run {line}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(Failure::doing(cannot()))?;
    let output = child.stdout.take().expect("the pipe was asked for");
    for text in BufReader::new(output).split(b'\n') {
        let text = text.map_err(Failure::doing(cannot()))?;
        let text = String::from_utf8_lossy(&text);
        // A closed standard output must not stop a test run.
        let _ = writeln!(std::io::stdout(), "{text}");
        on_line(&text);
    }
    let status = child.wait().map_err(Failure::doing(cannot()))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{line} failed ({status})"))) }
}

/// Runs a command; its standard output. Fails with all that it printed unless it ends with 0.
pub fn read(mut command: Command) -> Result<String, Failure> {
    let line = describe(&command);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(Failure::doing(format!("cannot run {line}")))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("`{line}` failed ({}):\n{printed}{errors}", output.status)))
}

/// The output of `cargo metadata` for the workspace and all its dependencies.
pub fn metadata() -> Result<Value, Failure> {
    let printed = read(command(&["metadata", "--format-version=1", "--locked"]))?;
    serde_json::from_str(&printed)
        .map_err(|error| Failure::new(format!("cannot parse the output of cargo metadata: {error}")))
}

/// Cargo's target directory.
pub fn target_directory() -> Result<PathBuf, Failure> {
    let metadata = metadata()?;
    let directory = metadata["target_directory"].as_str();
    directory.map(PathBuf::from).ok_or_else(|| Failure::new("cargo metadata has no target directory"))
}

/// The command line for a message.
fn describe(command: &Command) -> String {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    format!("{program} {}", arguments.join(" "))
}
