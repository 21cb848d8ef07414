//! Running one test again in a process of its own, with other rights or mounts.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Set in the child, to the directory that it shares with its parent.
const MARK: &str = "LD_FILE_TEST_RERUN";

/// The directory to work in, if this is the child.
pub(super) fn shared_directory() -> Option<std::path::PathBuf> {
    std::env::var_os(MARK).map(Into::into)
}

/// Runs `test` again below the command `wrapper`, which gets the rest of the command line as its
/// last arguments.
pub(super) fn rerun(test: &str, wrapper: &[&str], directory: &std::path::Path) {
    // A copy, because the build directory may be out of another user's reach.
    let bin = tempfile::tempdir().unwrap();
    fs::set_permissions(bin.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = bin.path().join("test");
    // Copied by a process of its own. A child that another test starts meanwhile would inherit a
    // descriptor that is open for writing, and a program that is open for writing cannot be run.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap();
    assert!(copied.success(), "cp: {copied}");

    let name = format!("{}::{test}", module_path!().trim_end_matches("::rerun").split_once("::").unwrap().1);
    let arguments = [OsStr::new("--exact"), name.as_ref(), OsStr::new("--nocapture")];
    let output = Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(&copy)
        .args(arguments)
        .current_dir(bin.path())
        .env(MARK, directory)
        .output()
        .unwrap_or_else(|error| panic!("{} (apt-get install util-linux): {error}", wrapper[0]));
    let text =
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{}: {text}", output.status);
}

/// Runs `test` as an unprivileged user with these capabilities, such as `+chown,+fowner`.
pub(super) fn rerun_as_nobody(test: &str, capabilities: &str, directory: &std::path::Path) {
    let inheritable = format!("--inh-caps=-all,{capabilities}");
    let ambient = format!("--ambient-caps=-all,{capabilities}");
    let bounding = format!("--bounding-set=-all,{capabilities}");
    let identity = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let wrapper = [&["setpriv"], &identity[..], &[&inheritable, &ambient, &bounding, "--"]].concat();
    rerun(test, &wrapper, directory);
}

/// Runs `test` in a mount namespace of its own.
pub(super) fn rerun_with_mounts(test: &str, directory: &std::path::Path) {
    // Exceeding a limit is an error in the watcher, not a signal.
    let ignore = ["env", "--ignore-signal=XFSZ"];
    rerun(
        test,
        &[&["unshare", "--mount", "--propagation", "private", "--"], &ignore[..]].concat(),
        directory,
    );
}
