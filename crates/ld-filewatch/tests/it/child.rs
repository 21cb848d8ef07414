//! Tests that need a process of their own: private mounts, another user, an exact count of threads.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

const IN_CHILD: &str = "LD_FILEWATCH_CHILD";
const NOBODY: u32 = 65_534;

/// What the child is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// The same, but alone in its process.
    Itself,
    /// Root with mounts that nobody else sees. Needs root; skipped, saying so, without.
    RootWithPrivateMounts,
    /// Root of a user namespace, with inotify limits of its own (`/proc/sys/user`). Skipped, saying so, where
    /// user namespaces are not allowed.
    OwnLimits,
    /// A user whom permissions concern: the present one, or `nobody` instead of root.
    User,
}

/// Runs `body` in a child process that runs just the test `name` (its path without the crate's).
#[track_caller]
pub(crate) fn alone(name: &str, who: As, body: impl FnOnce()) {
    if std::env::var_os(IN_CHILD).is_some() {
        return body();
    }
    let root = std::fs::metadata("/proc/self").expect("/proc").uid() == 0;
    if who == As::RootWithPrivateMounts && !(root && unshare_allowed(&MOUNTS)) {
        eprintln!("SKIPPED {name}: needs root and the right to mount");
        return;
    }
    if who == As::OwnLimits && !unshare_allowed(&LIMITS) {
        eprintln!("SKIPPED {name}: needs user namespaces");
        return;
    }
    let exe = std::env::current_exe().expect("the test's own path");
    let copy = tempfile::tempdir().expect("a directory");
    let mut command = match who {
        As::Itself => Command::new(exe),
        As::RootWithPrivateMounts => unshare(&MOUNTS, exe),
        As::OwnLimits => unshare(&LIMITS, exe),
        As::User if !root => Command::new(exe),
        As::User => {
            // Where the test was built, another user may not look.
            let path = copy.path().join("test");
            std::fs::copy(exe, &path).expect("copy the test");
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(copy.path(), open).expect("open the directory");
            let mut command = Command::new(path);
            command.uid(NOBODY).gid(NOBODY).current_dir("/");
            command
        }
    };
    let output = command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(IN_CHILD, "1")
        .output()
        .expect("start the child; unshare comes with util-linux: apt-get install util-linux");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{name} failed in its child:\n{text}");
    print!("{text}");
}

const MOUNTS: [&str; 3] = ["--mount", "--propagation", "private"];
const LIMITS: [&str; 2] = ["--user", "--map-root-user"];

fn unshare(what: &[&str], program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("unshare");
    command.args(what).arg(program);
    command
}

fn unshare_allowed(what: &[&str]) -> bool {
    unshare(what, "true").output().is_ok_and(|output| output.status.success())
}
