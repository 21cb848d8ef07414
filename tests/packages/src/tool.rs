//! Running a tool and reading what it printed.

use std::fs;
use std::path::Path;
use std::process::Command;

use ld_workspace::Failure;
use ld_workspace::cargo;

/// Runs a program in the root of the workspace; its standard output. Fails with all that it printed
/// unless it ends with 0.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(cargo::workspace());
    cargo::read(command)
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
