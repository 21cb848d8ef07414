//! Two builds of one commit, in different directories and with different homes of cargo, make the
//! same programs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::programs::{Build, PROGRAMS, cargo_home};
use crate::root::fresh_directory;
use crate::tool::{self, same_bytes};

/// Builds all programs twice.
pub fn check() -> Result<(), Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "reproducible")?;
    let first = build(&directory.join("first"))?;
    let second = build(&directory.join("another/second"))?;
    for program in PROGRAMS {
        same_bytes(&first.join(program), &second.join(program))?;
        let sum = tool::run("sha256sum", &[&first.join(program).to_string_lossy()])?;
        println!("{program} has twice the hash {}", sum.split_whitespace().next().unwrap_or_default());
    }
    fs::remove_dir_all(&directory).map_err(Failure::doing("cannot remove what the check made"))
}

/// Builds the commit in `directory`; where the programs are.
fn build(directory: &Path) -> Result<PathBuf, Failure> {
    let (source, home) = (directory.join("source"), directory.join("cargo"));
    fs::create_dir_all(&home).map_err(Failure::doing(format!("cannot make {}", home.display())))?;
    symlink(cargo_home().join("registry"), home.join("registry"))
        .map_err(Failure::doing("cannot link the packages that cargo has"))?;
    tool::run("git", &["clone", "--quiet", ".", &source.to_string_lossy()])?;
    Build::of(&source, &home).run(&source.join("target"))
}
