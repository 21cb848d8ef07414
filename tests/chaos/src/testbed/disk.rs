//! A small file system for the destinations of each watcher, so that it can be full.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, iter};

use ld_workspace::Failure;
use ld_workspace::cargo;

/// Possible mount points. The mounts exist only in the namespace of the run, and end with it.
const MOUNT_POINTS: [&str; 3] = ["/mnt", "/media", "/srv"];
/// Set for this program once it runs inside of the namespace.
const INSIDE: &str = "LD_CHAOS_INSIDE";
/// Five times the space that the files of a watcher need.
const OPTIONS: &str = "size=24m,nr_inodes=256,mode=0755";
const FILLER: &str = "filler";
/// Where libfaketime leaves files of killed watchers. The mount makes them end with the namespace.
const SHARED_MEMORY: &str = "/dev/shm";

/// Executes this program again in a mount namespace of its own, unless it already has one.
pub(crate) fn enter_namespace() -> Result<(), Failure> {
    if env::var_os(INSIDE).is_some() {
        let mounted = mount_point().and_then(|directory| mount(directory, "mode=0755")).and_then(|()| {
            let memory = Path::new(SHARED_MEMORY);
            if hides_needed_files(memory)? { Ok(()) } else { mount(memory, "mode=1777") }
        });
        return mounted.map_err(Failure::doing("cannot mount a file system for the disks"));
    }
    let program = env::current_exe().map_err(Failure::doing("cannot find this program"))?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "--"]).arg(program).args(env::args_os().skip(1));
    Err(Failure::doing("cannot run unshare")(command.env(INSIDE, "1").exec()))
}

/// The first mount point that hides no file that the run needs.
fn mount_point() -> io::Result<&'static Path> {
    for directory in MOUNT_POINTS.iter().map(Path::new).filter(|path| path.is_dir()) {
        if !hides_needed_files(directory)? {
            return Ok(directory);
        }
    }
    Err(io::Error::other(format!("all of {MOUNT_POINTS:?} are in use")))
}

/// Whether a mount there would hide this program, its sources, or the directories of its servers.
fn hides_needed_files(directory: &Path) -> io::Result<bool> {
    let needed = [env::current_exe()?, env::temp_dir(), cargo::workspace()];
    Ok(needed.iter().any(|path| path.starts_with(directory)))
}

fn mount(directory: &Path, options: &str) -> io::Result<()> {
    let mut command = Command::new("mount");
    let status = command.args(["-t", "tmpfs", "-o", options, "none"]).arg(directory).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("mount failed ({status})"))) }
}

/// A file system of a fixed size.
#[derive(Debug)]
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Mounts a new one. [`enter_namespace`] must have been called.
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let directory = mount_point()?.join(name);
        fs::create_dir(&directory)?;
        mount(&directory, OPTIONS)?;
        Ok(Self(directory))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes all free space. A file that is replaced by a smaller one frees some again.
    pub(crate) fn fill(&self) -> io::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.0.join(FILLER))?;
        // In pages, so that none is left.
        match iter::repeat(()).try_for_each(|()| filler.write_all(&[0; 4096])) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
            other => other,
        }
    }

    /// Takes all free inodes.
    pub(crate) fn take_inodes(&self) -> io::Result<()> {
        let mut names = (0..).map(|index| self.0.join(format!("{FILLER}{index}")));
        match names.try_for_each(|name| File::create(name).map(drop)) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
            other => other,
        }
    }

    /// Frees all that was taken.
    pub(crate) fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(FILLER) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}
