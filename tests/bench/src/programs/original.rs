//! The original, in a private virtual environment below cargo's target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ld_workspace::Failure;
use ld_workspace::setup;

/// The requirement for pip.
const REQUIREMENT: &str = "baseplate[zookeeper]==2.7.1";
/// The Python module of its watcher.
pub(crate) const WATCHER: &str = "baseplate.sidecars.live_data_watcher";
/// The directory of the virtual environment.
const DIRECTORY: &str = "bench/baseplate-2.7.1";
/// A file in it that marks a finished installation.
const COMPLETE: &str = "complete";

/// Installs the original unless it is installed, and returns the path of its Python.
pub(crate) fn install(target: &Path) -> Result<PathBuf, Failure> {
    let directory = target.join(DIRECTORY);
    let python = directory.join("bin/python");
    if directory.join(COMPLETE).exists() {
        return Ok(python);
    }
    setup::for_original()?;
    println!("Installing {REQUIREMENT} in {}.", directory.display());
    let create: [&Path; 4] = ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), &directory];
    run(Command::new("python3").args(create))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", REQUIREMENT]))?;
    run(Command::new(&python).args(["-c", &format!("import {WATCHER}")]))?;
    fs::write(directory.join(COMPLETE), "").map_err(Failure::doing("cannot mark the installation"))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), Failure> {
    // Python must cache its bytecode here: otherwise each start of the original would compile it.
    command.env_remove("PYTHONDONTWRITEBYTECODE").stdin(Stdio::null());
    let status = command.status().map_err(Failure::doing(format!("cannot run {command:?}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{command:?} failed ({status})"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_about_migration_starts_the_original_as_this_does() {
        let page = include_str!("../../../../docs/migration.md");
        assert!(page.contains(&format!("\npython -m {WATCHER} ")), "{WATCHER}");
    }
}
