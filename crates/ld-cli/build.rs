//! Sets `LD_VERSION`: the version and, in a release build, the commit.
//!
//! A development build has none. Its sources often have changes since the commit, and it would be
//! built again after each commit.

use std::env;
use std::fs;
use std::process::Command;

/// How many digits of the commit are shown.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = env!("CARGO_PKG_VERSION");
    let commit = if env::var("PROFILE").as_deref() == Ok("release") { commit() } else { None };
    match commit.as_deref().and_then(|commit| commit.get(..DIGITS)) {
        Some(commit) => println!("cargo::rustc-env=LD_VERSION={version} ({commit})"),
        None => println!("cargo::rustc-env=LD_VERSION={version}"),
    }
}

/// The commit of the sources, in hexadecimal digits.
fn commit() -> Option<String> {
    // `cargo package` writes this file. A package may lie in the checkout of something else.
    if let Ok(info) = fs::read_to_string(".cargo_vcs_info.json") {
        let (_, rest) = info.split_once("\"sha1\": \"")?;
        return rest.split('"').next().map(str::to_owned);
    }
    // The checkout may be that of something else that merely surrounds this one.
    git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
    // The log of HEAD grows with each commit and checkout.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "HEAD"])
}

/// The output of a git command, or nothing if it fails.
fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}
