//! Gathers what is built for a package: programs and the changelog.

use std::fs;
use std::path::PathBuf;

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::programs::{Build, PROGRAMS};
use crate::tool;

/// How the programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As users get them.
    Release,
    /// As the test suite has built them, which is faster.
    Dev,
}

/// Where all that is built for a package lies. The manifest of live-data-watcher names it.
pub fn assets() -> PathBuf {
    cargo::workspace().join("target/assets")
}

/// Builds all programs and puts them into [`assets`], beside the changelog.
pub fn gather(profile: Profile) -> Result<(), Failure> {
    let target = cargo::target_directory()?;
    let built = match profile {
        Profile::Release => Build::new().run(&target)?,
        // As the suite's step does: fewer packages would need other features of dependencies.
        Profile::Dev => {
            cargo::run(cargo::command(&["build", "--locked", "--workspace", "--bins"]))?;
            target.join("debug")
        }
    };
    let bin = assets().join("bin");
    fs::create_dir_all(&bin).map_err(Failure::doing(format!("cannot make {}", bin.display())))?;
    for program in PROGRAMS {
        let (from, to) = (built.join(program), bin.join(program));
        tool::run("strip", &["-o", &to.to_string_lossy(), &from.to_string_lossy()])?;
        if profile == Profile::Release {
            tells_its_commit(&to.to_string_lossy())?;
        }
    }
    write_changelog()
}

fn tells_its_commit(program: &str) -> Result<(), Failure> {
    let commit = tool::run("git", &["rev-parse", "HEAD"])?;
    let version = tool::run(program, &["--version"])?;
    println!("{}", version.trim());
    if commit.get(..12).is_some_and(|commit| version.ends_with(&format!(" ({commit})\n"))) {
        return Ok(());
    }
    Err(Failure::new(format!("`{program} --version` does not tell the commit {commit}")))
}

/// The time of the commit in seconds since 1970. Packages are dated with it, so that they are the
/// same when they are made again.
pub(crate) fn commit_time() -> Result<String, Failure> {
    Ok(tool::run("git", &["log", "-1", "--format=%ct"])?.trim().to_owned())
}

/// Debian's changelog, dated with the commit.
fn write_changelog() -> Result<(), Failure> {
    let date = tool::run("git", &["log", "-1", "--format=%cD"])?;
    let text = format!(
        "live-data ({version}-1) unstable; urgency=medium\n\n  \
         * See {repository}/blob/main/CHANGELOG.md.\n\n \
         -- The live data authors <live-data@users.noreply.github.com>  {date}",
        version = env!("CARGO_PKG_VERSION"),
        repository = env!("CARGO_PKG_REPOSITORY"),
    );
    let path = assets().join("changelog");
    fs::write(&path, text).map_err(Failure::doing(format!("cannot write {}", path.display())))
}
