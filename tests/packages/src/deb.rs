//! The Debian package: made by cargo-deb, read by lintian, installed, upgraded and purged.

use std::fs;
use std::path::{Path, PathBuf};

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::contents;
use crate::gather::commit_time;
use crate::root::{Root, fresh_directory};
use crate::tool::{self, same_bytes};

/// A first upload to Debian closes a bug. This package is not uploaded there.
const SUPPRESSED: &str = "--suppress-tags=initial-upload-closes-no-bugs";

const CONFIG: &str = "etc/live-data/live-data.ini";

/// Makes the package in `directory`; `options` are for cargo-deb.
pub(crate) fn make(directory: &Path, options: &[&str]) -> Result<PathBuf, Failure> {
    let mut command = cargo::command(&["deb", "--quiet", "--no-build", "--package", "live-data-watcher"]);
    command.args(options).arg("--output").arg(directory).env("SOURCE_DATE_EPOCH", commit_time()?);
    let output = cargo::read(command)?;
    output
        .lines()
        .last()
        .map(PathBuf::from)
        .filter(|path| path.exists())
        .ok_or_else(|| Failure::new(format!("cargo-deb names no package: {output}")))
}

/// Checks the package of what was gathered.
pub fn check() -> Result<(), Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "deb")?;
    let package = make(&directory, &["--fast"])?;
    same_bytes(&package, &make(&fresh_directory(&directory, "again")?, &["--fast"])?)?;
    let package = package.to_string_lossy();
    tool::run("lintian", &["--allow-root", "--fail-on=error,warning", SUPPRESSED, &package])?;
    println!("lintian finds no fault");
    let newer = make(&directory, &["--fast", "--deb-version=999-1"])?;
    let root = Root::new(directory.join("root"))?;
    install(&root, &package)?;
    change(&root, &newer.to_string_lossy())?;
    fs::remove_dir_all(&directory).map_err(Failure::doing("cannot remove what the check made"))
}

fn install(root: &Root, package: &str) -> Result<(), Failure> {
    root.dpkg(&["--install", package])?;
    contents::check(&root.read("var/lib/dpkg/info/live-data.list")?)?;
    let watcher = root.path("usr/bin/live-data-watcher");
    let config = root.path(CONFIG);
    tool::run(&watcher.to_string_lossy(), &["check", "--strict", &config.to_string_lossy()])?;
    if !root.read("etc/passwd")?.contains("live-data:") {
        return Err(Failure::new("the package makes no user live-data"));
    }
    let wanted = "etc/systemd/system/multi-user.target.wants/live-data-watcher.service";
    root.expect(wanted, false, "after an installation, which must enable nothing")?;
    println!("the package installs, makes its user, and its configuration is right");
    Ok(())
}

/// Upgrades, removes and purges.
fn change(root: &Root, newer: &str) -> Result<(), Failure> {
    let mine = "[live-data]\nzookeeper.hosts = mine:2181\n";
    root.write(CONFIG, mine)?;
    root.dpkg(&["--install", newer])?;
    if root.read(CONFIG)? != mine {
        return Err(Failure::new("an upgrade changes the configuration"));
    }
    root.dpkg(&["--remove", "live-data"])?;
    root.expect(CONFIG, true, "after a removal")?;
    root.expect("usr/bin/live-data-watcher", false, "after a removal")?;
    root.dpkg(&["--purge", "live-data"])?;
    root.expect("etc/live-data", false, "after a purge")?;
    println!("an upgrade leaves a changed configuration alone, and a purge removes it");
    Ok(())
}
