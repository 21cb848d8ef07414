//! The crates as they are uploaded: built from their packages, and installed by cargo from a
//! registry that holds these.

use std::fs;
use std::path::{Path, PathBuf};

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::document;
use crate::programs::FAST;
use crate::root::fresh_directory;
use crate::tool;

/// Packages all crates but the `private` ones as for an upload, and builds them from those
/// packages.
///
/// The directory is new each time. In one that was used before, cargo takes the sources of an older
/// package of the same version from its cache.
pub fn check(private: &[String]) -> Result<(), Failure> {
    let directory =
        fresh_directory(&cargo::target_directory()?, &format!("packages-{}", std::process::id()))?;
    let result = package(&directory, private, &[]).map(drop);
    let _ = fs::remove_dir_all(&directory);
    result
}

/// Makes the packages of all members but `private`; where they are.
fn package(directory: &Path, private: &[String], options: &[&str]) -> Result<PathBuf, Failure> {
    let mut command = cargo::command(&["package", "--workspace", "--locked", "--allow-dirty"]);
    private.iter().for_each(|name| {
        command.args(["--exclude", name]);
    });
    command.args(options).arg("--target-dir").arg(directory);
    // Debug information is most of the time and disk of these builds.
    command.env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo::run(command)?;
    Ok(directory.join("package"))
}

/// Installs all programs with the command of docs/install.md, as if the crates were published.
/// Returns the directory with the programs.
///
/// Cargo has a home of its own there. In its configuration the packages, and what `cargo vendor`
/// fetches from the registry, take the place of the registry.
pub(crate) fn install(private: &[String]) -> Result<PathBuf, Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "install")?;
    let packages = package(&directory.join("packages"), private, &["--no-verify"])?;
    let registry = directory.join("registry");
    vendor(&registry)?;
    add(&packages, &registry)?;
    let home = fresh_directory(&directory, "home")?;
    let config = format!(
        "[source.crates-io]\nreplace-with = \"packages\"\n\n[source.packages]\ndirectory = {:?}\n",
        registry.display().to_string()
    );
    fs::write(home.join("config.toml"), config)
        .map_err(Failure::doing("cannot write cargo's configuration"))?;
    let line = &document::commands("docs/install.md", "When the crates are published")?[0];
    println!("{line}");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", line]).current_dir(&directory).env("CARGO_HOME", &home);
    // The directory is new, because cargo builds no package again that has changed but not its
    // version.
    command.env("CARGO_TARGET_DIR", directory.join("target")).envs(FAST);
    cargo::run(command)?;
    Ok(home.join("bin"))
}

/// Makes `registry`, a directory with the sources of what the workspace depends on.
pub(crate) fn vendor(registry: &Path) -> Result<(), Failure> {
    let mut command = cargo::command(&["vendor", "--quiet", "--locked", "--versioned-dirs"]);
    command.arg(registry);
    cargo::read(command).map(drop)
}

/// Adds the sources of the `packages`.
fn add(packages: &Path, registry: &Path) -> Result<(), Failure> {
    let cannot = || Failure::doing(format!("cannot list {}", packages.display()));
    for entry in fs::read_dir(packages).map_err(cannot())? {
        let path = entry.map_err(cannot())?.path();
        if path.extension().is_some_and(|extension| extension == "crate") {
            unpack(&path, registry)?;
        }
    }
    Ok(())
}

fn unpack(package: &Path, registry: &Path) -> Result<(), Failure> {
    let name = package.file_stem().unwrap_or_default();
    let package = package.to_string_lossy();
    tool::run("tar", &["-xzf", &package, "-C", &registry.to_string_lossy()])?;
    let sum = tool::run("sha256sum", &[&package])?;
    let sum = sum.split_whitespace().next().unwrap_or_default();
    let path = registry.join(name).join(".cargo-checksum.json");
    fs::write(&path, format!("{{\"files\":{{}},\"package\":\"{sum}\"}}"))
        .map_err(Failure::doing(format!("cannot write {}", path.display())))
}
