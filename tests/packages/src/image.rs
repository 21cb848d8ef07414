//! The container image: built by buildah from the Dockerfile, and not run. The programs of the
//! test suite are not static.

use std::fs;

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::gather::assets;
use crate::root::fresh_directory;
use crate::tool;

/// Its user, what it runs, and with which argument.
const CONFIG: &str = "65532:65532 [/usr/bin/live-data-watcher] [/etc/live-data/live-data.ini]";

/// Builds an image of what was gathered, and checks its configuration.
pub fn check() -> Result<(), Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "image")?;
    let store = format!("--root={}", directory.join("store").display());
    let state = format!("--runroot={}", directory.join("run").display());
    // Works without mounting anything.
    let place = [store.as_str(), &state, "--storage-driver=vfs"];
    let context = assets().join("bin");
    let build = ["bud", "--isolation=chroot", "--tag=live-data", "--file=packaging/container/Dockerfile"];
    tool::run("buildah", &[&place[..], &build, &[&context.to_string_lossy()]].concat())?;
    let format = "--format={{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}";
    let config =
        tool::run("buildah", &[&place[..], &["inspect", "--type=image", format, "live-data"]].concat())?;
    if config.trim() != CONFIG {
        return Err(Failure::new(format!("the image has {}, not {CONFIG}", config.trim())));
    }
    println!("buildah makes the image; its user and its command are right");
    fs::remove_dir_all(&directory).map_err(Failure::doing("cannot remove what the check made"))
}
