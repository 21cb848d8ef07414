//! Tests that need a process of their own: private mounts, another user, an exact count of threads.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

const IN_CHILD: &str = "LD_FILEWATCH_CHILD";
const UNPRIVILEGED: u32 = 65_534;

/// The process that the child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// An ordinary process, with this test only.
    Itself,
    /// Root with private mounts. Skipped with a message without root.
    RootWithPrivateMounts,
    /// Root of a user namespace, with inotify limits of its own (`/proc/sys/user`). Skipped with a
    /// message where user namespaces are not allowed.
    OwnLimits,
    /// A user without special rights: the present one, or uid 65534 instead of root.
    User,
}

/// Runs `body` in a child process that runs just the test `name` (its path without the crate's).
#[track_caller]
pub(crate) fn alone(name: &str, kind: As, body: impl FnOnce()) {
    if std::env::var_os(IN_CHILD).is_some() {
        return body();
    }
    let root = std::fs::metadata("/proc/self").expect("/proc").uid() == 0;
    if kind == As::RootWithPrivateMounts && !(root && unshare_allowed(&MOUNTS)) {
        eprintln!("SKIPPED {name}: needs root and the right to mount");
        return;
    }
    if kind == As::OwnLimits && !unshare_allowed(&LIMITS) {
        eprintln!("SKIPPED {name}: needs user namespaces");
        return;
    }
    let exe = std::env::current_exe().expect("the test's own path");
    let copy = tempfile::tempdir().expect("a directory");
    let mut command = match kind {
        As::Itself => Command::new(exe),
        As::RootWithPrivateMounts => unshare(&MOUNTS, exe),
        As::OwnLimits => unshare(&LIMITS, exe),
        As::User if !root => Command::new(exe),
        As::User => {
            // Another user may have no access to the build directory.
            let path = copy.path().join("test");
            std::fs::copy(exe, &path).expect("copy the test");
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(copy.path(), open).expect("open the directory");
            let mut command = Command::new(path);
            command.uid(UNPRIVILEGED).gid(UNPRIVILEGED).current_dir("/");
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
