//! The container image: built by buildah from the Dockerfile, and run.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use ld_testkit::{Admin, Server};
use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::compose;
use crate::programs::{Build, PROGRAMS, static_target};
use crate::root::fresh_directory;
use crate::services;
use crate::store::Store;

/// Its user, what it runs, and with which argument.
const CONFIG: &str = "65532:65532 [/usr/bin/live-data-watcher] [/etc/live-data/live-data.ini]";

pub(crate) const USER: u32 = 65532;

/// Checks the compose file, builds an image of static programs, checks its configuration, writes a
/// file with it, and runs the services of the compose file.
pub fn check() -> Result<(), Failure> {
    compose::check()?;
    let build = Build::new().target(&static_target()).fast();
    let programs = build.run(&cargo::target_directory()?)?;
    let directory = fresh_directory(&cargo::target_directory()?, "image")?;
    let context = fresh_directory(&directory, "context")?;
    for program in PROGRAMS {
        fs::copy(programs.join(program), context.join(program))
            .map_err(Failure::doing(format!("cannot copy {program}")))?;
    }
    let store = Store::new(&directory);
    let build = ["bud", "--isolation=chroot", "--tag=live-data", "--file=packaging/container/Dockerfile"];
    store.buildah(&[&build[..], &[&context.to_string_lossy()]].concat())?;
    let format = "--format={{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}";
    let config = store.buildah(&["inspect", "--type=image", format, "live-data"])?;
    if config.trim() != CONFIG {
        return Err(Failure::new(format!("the image has {}, not {CONFIG}", config.trim())));
    }
    println!("buildah makes the image; its user and its command are right");
    writes_a_file(&store, &directory)?;
    services::check(&store, &directory)?;
    fs::remove_dir_all(&directory).map_err(Failure::doing("cannot remove what the check made"))
}

/// In a container of the image, the watcher writes a file into a volume of its user.
fn writes_a_file(store: &Store, directory: &Path) -> Result<(), Failure> {
    let server = Server::start();
    let created = Admin::new(server.address()).create("/flags", r#"{"new": true}"#);
    created.map_err(Failure::doing("cannot create a node"))?;
    let files = fresh_directory(directory, "files")?;
    chown(&files, Some(USER), Some(USER)).map_err(Failure::doing("cannot give the volume away"))?;
    let config = directory.join("live-data.ini");
    let text = format!(
        "[live-data]\nzookeeper.hosts = {}\nnodes.flags.source = /flags\nnodes.flags.dest = /files/flags.json\n",
        server.connect_string()
    );
    fs::write(&config, text).map_err(Failure::doing("cannot write the configuration"))?;
    store.buildah(&["from", "--name=watcher", "live-data"])?;
    let config = format!("--volume={}:/etc/live-data/live-data.ini:ro", config.display());
    let volume = format!("--volume={}:/files", files.display());
    let run = ["run", "--isolation=chroot", &config, &volume, "watcher", "--"];
    let command = ["/usr/bin/live-data-watcher", "--once", "--strict", "/etc/live-data/live-data.ini"];
    store.buildah(&[&run[..], &command].concat())?;
    let file = files.join("flags.json");
    let content = fs::read_to_string(&file).map_err(Failure::doing("the container writes no file"))?;
    let owner = fs::metadata(&file).map_err(Failure::doing("cannot stat the file"))?.uid();
    if content != r#"{"new": true}"# || owner != USER {
        return Err(Failure::new(format!("the container writes {content:?} as user {owner}")));
    }
    println!("a container of the image writes a file as user {USER}");
    Ok(())
}
