//! The binaries of this workspace, built and up to date.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of the workspace's binary `name`, in the profile of the running test.
///
/// The first call in a process runs `cargo build`, so that no test runs an outdated binary.
///
/// # Panics
///
/// When cargo cannot build the binaries, or there is no binary `name`.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let path = DIRECTORY.get_or_init(build).join(name);
    assert!(path.is_file(), "the workspace has no binary {name} (looked for {})", path.display());
    path
}

/// Builds all binaries and returns their directory: `target/debug` for a test in
/// `target/debug/deps`.
fn build() -> PathBuf {
    let executable = env::current_exe().expect("the path of this executable is known");
    let profile = executable
        .ancestors()
        .find(|path| path.parent().is_some_and(|target| target.join("CACHEDIR.TAG").exists()))
        .expect("a test executable lies below cargo's target directory");
    let target = profile.parent().expect("a profile's directory has a parent");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--workspace", "--bins", "--target-dir"]).arg(target);
    if profile.file_name().is_some_and(|name| name == "release") {
        command.arg("--release");
    }
    // A test runs in the directory of its package, so name a directory of the workspace.
    let status = command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).status();
    assert!(status.is_ok_and(|status| status.success()), "cargo cannot build the workspace's binaries");
    profile.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_built_beside_the_test() {
        assert!(binary("ld-dev").ends_with("debug/ld-dev") || binary("ld-dev").ends_with("release/ld-dev"));
    }

    #[test]
    #[should_panic(expected = "no binary nonesuch")]
    fn a_binary_that_does_not_exist_is_an_error() {
        let _ = binary("nonesuch");
    }
}
