//! A small file system of its own under the destinations of each watcher, so that it can be full.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, iter};

use ld_workspace::Failure;
use ld_workspace::cargo;

/// Where they may be mounted. Nobody else sees that, and nothing of it stays: the mounts end with the last process inside.
const PLACES: [&str; 3] = ["/mnt", "/media", "/srv"];
/// Tells this program, started again, that it is inside.
const INSIDE: &str = "LD_CHAOS_INSIDE";
/// Room for the files of a watcher five times over.
const OPTIONS: &str = "size=24m,nr_inodes=256,mode=0755";
const FILLER: &str = "filler";
/// Where libfaketime leaves what a killed watcher had shared with its children: in the namespace, nothing of it stays.
const SHARED_MEMORY: &str = "/dev/shm";

/// Starts this program again in a mount namespace of its own, unless it is there already.
pub(super) fn enter_namespace() -> Result<(), Failure> {
    if env::var_os(INSIDE).is_some() {
        let mounted = place().and_then(|place| mount(place, "mode=0755")).and_then(|()| {
            let memory = Path::new(SHARED_MEMORY);
            if hides_what_is_needed(memory)? { Ok(()) } else { mount(memory, "mode=1777") }
        });
        return mounted.map_err(Failure::doing("cannot make a place for disks"));
    }
    let program = env::current_exe().map_err(Failure::doing("cannot find this program"))?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "--"]).arg(program).args(env::args_os().skip(1));
    Err(Failure::doing("cannot run unshare")(command.env(INSIDE, "1").exec()))
}

/// The first place that hides nothing which the run needs.
fn place() -> io::Result<&'static Path> {
    for place in PLACES.iter().map(Path::new).filter(|place| place.is_dir()) {
        if !hides_what_is_needed(place)? {
            return Ok(place);
        }
    }
    Err(io::Error::other(format!("all of {PLACES:?} are in use")))
}

/// Whether a mount there would hide this program, its sources, or the directories of its servers.
fn hides_what_is_needed(place: &Path) -> io::Result<bool> {
    let needed = [env::current_exe()?, env::temp_dir(), cargo::workspace()];
    Ok(needed.iter().any(|path| path.starts_with(place)))
}

fn mount(directory: &Path, options: &str) -> io::Result<()> {
    let mut command = Command::new("mount");
    let status = command.args(["-t", "tmpfs", "-o", options, "none"]).arg(directory).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("mount failed ({status})"))) }
}

/// One of these file systems.
#[derive(Debug)]
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Makes the one of this name; [`enter_namespace`] came first.
    pub(super) fn new(name: &str) -> io::Result<Self> {
        let directory = place()?.join(name);
        fs::create_dir(&directory)?;
        mount(&directory, OPTIONS)?;
        Ok(Self(directory))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes all the room that there is at the moment; whoever replaces a file by a smaller one makes some.
    pub(super) fn fill(&self) -> io::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.0.join(FILLER))?;
        // Page by page, so that not one is left.
        match iter::repeat(()).try_for_each(|()| filler.write_all(&[0; 4096])) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
            other => other,
        }
    }

    /// Takes all the inodes that there are at the moment.
    pub(super) fn take_inodes(&self) -> io::Result<()> {
        let mut names = (0..).map(|index| self.0.join(format!("{FILLER}{index}")));
        match names.try_for_each(|name| File::create(name).map(drop)) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
            other => other,
        }
    }

    /// Gives everything back.
    pub(super) fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(FILLER) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}
