//! The original, in a private virtual environment below cargo's target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ld_workspace::Failure;
use ld_workspace::setup;

/// What it is, for pip.
const REQUIREMENT: &str = "baseplate[zookeeper]==2.7.1";
/// Its watcher.
pub(super) const WATCHER: &str = "baseplate.sidecars.live_data_watcher";
/// The environment's directory, and the file in it that says that the installation came to its end.
const DIRECTORY: &str = "bench/baseplate-2.7.1";
const COMPLETE: &str = "complete";

/// Installs it, unless that was done before; gives the path of its Python.
pub(super) fn install(target: &Path) -> Result<PathBuf, Failure> {
    let directory = target.join(DIRECTORY);
    let python = directory.join("bin/python");
    if directory.join(COMPLETE).exists() {
        return Ok(python);
    }
    setup::for_original()?;
    println!("Installing {REQUIREMENT} below {}.", directory.display());
    let create: [&Path; 4] = ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), &directory];
    run(Command::new("python3").args(create))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", REQUIREMENT]))?;
    run(Command::new(&python).args(["-c", &format!("import {WATCHER}")]))?;
    fs::write(directory.join(COMPLETE), "").map_err(Failure::doing("cannot finish the installation"))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), Failure> {
    // Without its compiled files the original would be slow at each start, through no fault of its own.
    command.env_remove("PYTHONDONTWRITEBYTECODE").stdin(Stdio::null());
    let status = command.status().map_err(Failure::doing(format!("cannot run {command:?}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{command:?} failed ({status})"))) }
}
