//! A file system below the destinations that only the watcher sees, and others through /proc.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use ld_testkit::{Host, TestCommand, wait_until};

use crate::bounds::PATIENCE;

/// The watcher of `host` in a new mount namespace, with a small tmpfs at its destinations.
///
/// The `options` are those of mount(8).
pub(crate) fn on_tmpfs(host: &Host, options: &str) -> TestCommand {
    in_namespace(host, r#"mount -t tmpfs -o "$2" none "$1""#, options)
}

/// As [`on_tmpfs`], with the directory of the destinations mounted onto itself.
///
/// It can then be made read-only for the watcher alone.
pub(crate) fn on_bind_mount(host: &Host) -> TestCommand {
    in_namespace(host, r#"mount --bind "$1" "$1""#, "")
}

fn in_namespace(host: &Host, mount: &str, options: &str) -> TestCommand {
    let directory = directory(host);
    fs::create_dir_all(&directory).expect("a private directory is writable");
    let script = format!(r#"{mount} || exit 125; shift 2; exec "$@""#);
    let unshare = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", &script, "sh"];
    let directory = directory.to_str().expect("a temporary directory has an ASCII name");
    host.watcher().wrapped_by(unshare.into_iter().chain([directory, options]))
}

/// The directory of the destinations of `host`.
pub(crate) fn directory(host: &Host) -> PathBuf {
    host.path("live")
}

/// `path` as the process `id` sees it.
pub(crate) fn seen_by(id: u32, path: &Path) -> PathBuf {
    let path = path.strip_prefix("/").expect("an absolute path");
    Path::new("/proc").join(id.to_string()).join("root").join(path)
}

/// Mounts a tmpfs over `directory`, in the namespace of the process `id`.
pub(crate) fn mount_tmpfs(id: u32, directory: &Path) {
    let mut command = Command::new("nsenter");
    command.args(["--target", &id.to_string(), "--mount", "--", "mount", "-t", "tmpfs", "none"]);
    let status = command.arg(directory).status();
    assert!(status.expect("nsenter can be started (apt-get install util-linux)").success());
}

/// Mounts `directory` again with other options, in the namespace of the process `id`.
pub(crate) fn remount(id: u32, directory: &Path, options: &str) {
    // It fails while a file there is open for writing, so try again.
    wait_until(&format!("a mount with {options}"), PATIENCE, || {
        let mut command = Command::new("nsenter");
        command.args(["--target", &id.to_string(), "--mount", "--", "mount", "-o", options]).arg(directory);
        command.status().expect("nsenter can be started (apt-get install util-linux)").success()
    });
}

/// Fills the file system of `directory` with one file, until no space is left.
pub(crate) fn fill_with_bytes(directory: &Path) -> io::Result<PathBuf> {
    let filler = directory.join("filler");
    let mut file = fs::File::create(&filler)?;
    // Page by page, so that no page is left.
    let page = [0; 4096];
    while io::Write::write_all(&mut file, &page).is_ok() {}
    Ok(filler)
}

/// Makes files until there are no inodes left.
pub(crate) fn fill_with_files(directory: &Path) -> Vec<PathBuf> {
    let name = |index| directory.join(format!("filler{index}"));
    (0..).map(name).take_while(|path| fs::File::create(path).is_ok()).collect()
}
