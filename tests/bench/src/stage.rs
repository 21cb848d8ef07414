//! A directory of destinations, a configuration for it, and the contestant that works there.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::TempDir;

use super::contestant::{Contestant, Programs, Running};
use super::observer::{AT_LEISURE, AT_ONCE, Observer, file_name};
use super::tree::Tree;
use super::usage::Usage;
use ld_workspace::Failure;

/// How long a contestant may take to write all its files. The original takes a quarter of a minute for 10,000.
const START_LIMIT: Duration = Duration::from_secs(300);
/// Its memory and CPU are looked at once it has used next to no CPU for so long: it may have watches to set after the last file.
const SETTLE: Duration = Duration::from_millis(500);
/// That is waited for so long at most.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// A process at rest uses less than this in that time, in seconds.
const NEXT_TO_NO_CPU: f64 = 0.005;
/// The directory of the destinations, in that of the contestant.
const FILES: &str = "files";

/// A contestant that has written all its files.
#[derive(Debug)]
pub(super) struct Stage {
    // Fields drop in this order: the process ends before its directory goes.
    pub(super) running: Running,
    pub(super) observer: Observer,
    pub(super) nodes: usize,
    /// From exec to the last file, in seconds.
    pub(super) start: f64,
    directory: TempDir,
}

impl Stage {
    /// Starts a contestant below `parent` for the first `nodes` nodes of `tree`, and waits until all files are right.
    pub(super) fn start(
        programs: &Programs,
        who: Contestant,
        servers: &str,
        tree: &Tree,
        nodes: usize,
        parent: &Path,
    ) -> Result<Self, Failure> {
        let directory = TempDir::new_in(parent);
        let files = directory.join(FILES);
        let config = directory.join("config");
        let secrets = directory.join("secrets.json");
        let doing = || "cannot prepare a contestant's directory";
        fs::create_dir(&files).map_err(Failure::doing(doing()))?;
        // The original insists on secrets even if none is used.
        fs::write(&secrets, r#"{"secrets": {}, "vault": {"url": "", "token": ""}}"#)
            .map_err(Failure::doing(doing()))?;
        fs::write(&config, configuration(who, servers, &secrets, tree, nodes, &files))
            .map_err(Failure::doing(doing()))?;
        let mut observer = Observer::new(&files)?;
        observer.expect(0..nodes)?;
        let mut running = programs.start(who, servers, &config, &directory.join("log"))?;
        let pause = if nodes == 1 { AT_ONCE } else { AT_LEISURE };
        let last = observer.wait(&mut running, pause, START_LIMIT, || {})?;
        let start = last.duration_since(running.started).as_secs_f64();
        let stage = Self { running, observer, nodes, start, directory };
        stage.verify(tree)?;
        Ok(stage)
    }

    /// What it has used until it rests after its last file.
    pub(super) fn usage(&self) -> Result<Usage, Failure> {
        let began = Instant::now();
        let mut last = Usage::of(self.running.id())?;
        loop {
            thread::sleep(SETTLE);
            let usage = Usage::of(self.running.id())?;
            if usage.cpu - last.cpu < NEXT_TO_NO_CPU || began.elapsed() >= SETTLE_LIMIT {
                return Ok(usage);
            }
            last = usage;
        }
    }

    /// Waits until it rests: what is measured then is not the end of something else, nor the server's compiler beside it.
    pub(super) fn rest(&self) -> Result<(), Failure> {
        self.usage().map(drop)
    }

    /// Ends the contestant and lets its files stay until the whole command ends. ext4 takes no inode again soon after it was
    /// freed, and looks at all of those first: whoever came after ten thousand removals would pay for them.
    pub(super) fn leave_files(self) {
        let Self { running, directory, .. } = self;
        drop(running);
        directory.keep_until_exit();
    }

    /// Every file holds what its node holds.
    pub(super) fn verify(&self, tree: &Tree) -> Result<(), Failure> {
        for node in 0..self.nodes {
            let file = self.file(node);
            if fs::read(&file).ok().as_deref() != Some(&tree.content(node)) {
                return Err(self.running.failure(&format!("{} is not what its node holds", file.display())));
            }
        }
        Ok(())
    }

    /// The inode of each file, which a rewrite changes.
    pub(super) fn inodes(&self) -> Result<Vec<u64>, Failure> {
        let inode = |node| fs::metadata(self.file(node)).map(|metadata| metadata.ino());
        (0..self.nodes).map(inode).collect::<Result<_, _>>().map_err(Failure::doing("cannot look at a file"))
    }

    /// Waits for the awaited files while `look` looks at the process; gives the time of the last one.
    pub(super) fn wait(
        &mut self,
        pause: Duration,
        limit: Duration,
        look: impl FnMut(),
    ) -> Result<Instant, Failure> {
        self.observer.wait(&mut self.running, pause, limit, look)
    }

    /// From now on every version of a file is seen.
    pub(super) fn tell_apart(&self) -> Result<(), Failure> {
        self.observer.tell_apart(&self.directory.join(FILES))
    }

    fn file(&self, node: usize) -> PathBuf {
        self.directory.join(FILES).join(file_name(node))
    }
}

fn configuration(
    who: Contestant,
    servers: &str,
    secrets: &Path,
    tree: &Tree,
    nodes: usize,
    files: &Path,
) -> String {
    let mut text = String::new();
    let ini = who != Contestant::Floor;
    if ini {
        let secrets = secrets.display();
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "[live-data]\nzookeeper.hosts = {servers}\nsecrets.path = {secrets}\n");
    }
    for node in 0..nodes {
        let (source, file) = (tree.path(node), files.join(file_name(node)));
        let file = file.display();
        let _ = if ini {
            writeln!(text, "nodes.n{node}.source = {source}\nnodes.n{node}.dest = {file}")
        } else {
            writeln!(text, "{source} {file}")
        };
    }
    text
}
