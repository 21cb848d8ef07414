//! The RPM: made by cargo-generate-rpm, read by rpm.

use std::fs;
use std::path::{Path, PathBuf};

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::contents;
use crate::gather::commit_time;
use crate::root::fresh_directory;
use crate::tool::{self, same_bytes};

/// Makes the package in `directory`; `options` are for cargo-generate-rpm.
pub(crate) fn make(directory: &Path, options: &[&str]) -> Result<PathBuf, Failure> {
    let name = format!("live-data-{}-1.{}.rpm", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let package = directory.join(name);
    let mut command = cargo::command(&["generate-rpm", "--package", "bins/live-data-watcher", "--output"]);
    command.arg(&package).args(options).env("SOURCE_DATE_EPOCH", commit_time()?);
    cargo::read(command)?;
    Ok(package)
}

/// Checks the package of what was gathered: its digests, files, configuration and scripts.
pub fn check() -> Result<(), Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "rpm")?;
    // The default takes longer.
    let options = ["--payload-compress", "gzip"];
    let package = make(&directory, &options)?;
    same_bytes(&package, &make(&fresh_directory(&directory, "again")?, &options)?)?;
    let package = package.to_string_lossy();
    tool::run("rpm", &["--checksig", "--nosignature", &package])?;
    contents::check(&tool::run("rpm", &["--query", "--list", "--package", &package])?)?;
    let config = tool::run("rpm", &["--query", "--configfiles", "--package", &package])?;
    if config.trim() != "/etc/live-data/live-data.ini" {
        return Err(Failure::new(format!("the configuration files are {config:?}")));
    }
    let scripts = tool::run("rpm", &["--query", "--scripts", "--package", &package])?;
    let commands = [
        "systemd-sysusers live-data.conf",
        "systemctl daemon-reload",
        // Would wait for ZooKeeper otherwise.
        "systemctl --no-block try-restart live-data-watcher.service 'live-data-watcher@*.service'",
        "systemctl stop live-data-watcher.service 'live-data-watcher@*.service'",
        // `systemctl disable` takes no pattern, and disables nothing then.
        "rm -f /etc/systemd/system/*.wants/live-data-watcher@*.service",
    ];
    for command in commands {
        if !scripts.contains(command) {
            return Err(Failure::new(format!("no script runs `{command}`:\n{scripts}")));
        }
    }
    println!("rpm reads the package and finds its files, configuration and scripts");
    fs::remove_dir_all(&directory).map_err(Failure::doing("cannot remove what the check made"))
}
