//! Running a tool and reading what it printed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use ld_workspace::Failure;
use ld_workspace::cargo;

/// Runs a program in the root of the workspace; its standard output. Fails with all that it printed
/// unless it ends with 0.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(cargo::workspace());
    read(command)
}

/// Runs `command` as [`run`] does.
pub(crate) fn read(mut command: Command) -> Result<String, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    let line = format!("{program} {}", arguments.join(" "));
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(Failure::doing(format!("cannot run {line}")))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("`{line}` failed ({}):\n{printed}{errors}", output.status)))
}

/// Fails unless both files, of one package that was made twice, are the same.
pub(crate) fn same_bytes(first: &Path, second: &Path) -> Result<(), Failure> {
    let read =
        |path: &Path| fs::read(path).map_err(Failure::doing(format!("cannot read {}", path.display())));
    if read(first)? == read(second)? {
        return Ok(());
    }
    Err(Failure::new(format!("{} and {} differ", first.display(), second.display())))
}
