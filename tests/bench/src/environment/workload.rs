//! A subject at work: its process, its configuration and its destinations.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::TempDir;

use super::node_set::NodeSet;
use super::observer::{BATCHED, Observer, UNBATCHED, file_name};
use crate::programs::{Programs, Subject, SubjectProcess};
use crate::system::Usage;
use ld_workspace::Failure;

/// Limit for a subject to write all its files. The original takes 15 s for 10,000.
const START_LIMIT: Duration = Duration::from_secs(300);
/// A subject is idle if it used less than this CPU time, in seconds, within [`IDLE_WINDOW`].
const IDLE_CPU: f64 = 0.005;
const IDLE_WINDOW: Duration = Duration::from_millis(500);
/// Limit for a subject to become idle. It may have watches to set after the last file.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// The directory of the destinations below that of the workload.
const FILES: &str = "files";
/// The socket of the status in that directory.
const SOCKET: &str = "status.sock";

/// A subject that has written all its files.
#[derive(Debug)]
pub(crate) struct Workload {
    // Fields drop in this order: the process ends before its directory is removed.
    pub(crate) process: SubjectProcess,
    pub(crate) observer: Observer,
    nodes: usize,
    /// Seconds from exec to the last file.
    pub(crate) start: f64,
    directory: TempDir,
}

impl Workload {
    /// Starts a subject for the first `nodes` nodes of `node_set` in a directory below `parent`,
    /// and waits until all files are right.
    pub(super) fn start(
        programs: &Programs,
        subject: Subject,
        servers: &str,
        node_set: &NodeSet,
        nodes: usize,
        parent: &Path,
        serves_status: bool,
    ) -> Result<Self, Failure> {
        let directory = TempDir::new_in(parent);
        let files = directory.join(FILES);
        let config = directory.join("config");
        let secrets = directory.join("secrets.json");
        let cannot = || format!("cannot prepare {}", directory.path().display());
        fs::create_dir(&files).map_err(Failure::doing(cannot()))?;
        // The original needs a secrets file even if it uses no secret.
        fs::write(&secrets, r#"{"secrets": {}, "vault": {"url": "", "token": ""}}"#)
            .map_err(Failure::doing(cannot()))?;
        let mut text = configuration(subject, servers, &secrets, node_set, nodes, &files);
        if serves_status {
            let _ = writeln!(text, "status.listen = unix:{}", directory.join(SOCKET).display());
        }
        fs::write(&config, text).map_err(Failure::doing(cannot()))?;
        let mut observer = Observer::new(&files)?;
        observer.expect(0..nodes)?;
        let mut process =
            programs.start(subject, servers, &config, &directory.join("log"), &node_set.variables())?;
        let pause = if nodes == 1 { UNBATCHED } else { BATCHED };
        let last = observer.wait(&mut process, pause, START_LIMIT, || {})?;
        let start = last.duration_since(process.started).as_secs_f64();
        let workload = Self { process, observer, nodes, start, directory };
        workload.verify(node_set)?;
        Ok(workload)
    }

    /// Waits until the subject is idle, and returns what it has used so far.
    pub(crate) fn usage_when_idle(&self) -> Result<Usage, Failure> {
        let start = Instant::now();
        let mut last = Usage::of(self.process.id())?;
        loop {
            thread::sleep(IDLE_WINDOW);
            let usage = Usage::of(self.process.id())?;
            if usage.cpu - last.cpu < IDLE_CPU || start.elapsed() >= IDLE_LIMIT {
                return Ok(usage);
            }
            last = usage;
        }
    }

    /// Waits until the subject is idle, so that earlier work does not disturb the next measurement.
    pub(crate) fn wait_until_idle(&self) -> Result<(), Failure> {
        self.usage_when_idle().map(drop)
    }

    /// Ends the subject, but keeps its files until the whole command ends.
    ///
    /// ext4 does not reuse a freed inode for a while, and searches past all of them for a new one.
    /// After ten thousand removals the next subject would pay for that search.
    pub(crate) fn keep_files(self) {
        let Self { process, directory, .. } = self;
        drop(process);
        directory.keep_until_exit();
    }

    /// Fails if a file does not hold what its node holds.
    pub(crate) fn verify(&self, node_set: &NodeSet) -> Result<(), Failure> {
        for node in 0..self.nodes {
            let file = self.file(node);
            if fs::read(&file).ok().as_deref() != Some(&node_set.content(node)) {
                let what = format!("{} differs from its node", file.display());
                return Err(self.process.failure(&what));
            }
        }
        Ok(())
    }

    /// The inode of each file. It changes when the file is replaced.
    pub(crate) fn inodes(&self) -> Result<Vec<u64>, Failure> {
        let inode = |node| fs::metadata(self.file(node)).map(|metadata| metadata.ino());
        let inodes = (0..self.nodes).map(inode).collect::<Result<_, _>>();
        inodes.map_err(Failure::doing("cannot read the inode of a file"))
    }

    /// Waits for the expected files and returns the time of the last one. `sample` runs now and
    /// then while it waits.
    pub(crate) fn wait(
        &mut self,
        pause: Duration,
        limit: Duration,
        sample: impl FnMut(),
    ) -> Result<Instant, Failure> {
        self.observer.wait(&mut self.process, pause, limit, sample)
    }

    /// Where the status is served, if it is.
    pub(crate) fn status_socket(&self) -> PathBuf {
        self.directory.join(SOCKET)
    }

    /// Makes the observer count each version of a file.
    pub(crate) fn count_each_rename(&self) -> Result<(), Failure> {
        self.observer.count_each_rename(&self.directory.join(FILES))
    }

    fn file(&self, node: usize) -> PathBuf {
        self.directory.join(FILES).join(file_name(node))
    }
}

/// The INI file of a watcher, or the list of nodes for the floor.
fn configuration(
    subject: Subject,
    servers: &str,
    secrets: &Path,
    node_set: &NodeSet,
    nodes: usize,
    files: &Path,
) -> String {
    let mut text = String::new();
    let ini = subject != Subject::Floor;
    if ini {
        let secrets = secrets.display();
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "[live-data]\nzookeeper.hosts = {servers}\nsecrets.path = {secrets}\n");
    }
    for node in 0..nodes {
        let (source, file) = (node_set.path(node), files.join(file_name(node)));
        let file = file.display();
        let _ = if ini {
            writeln!(text, "nodes.n{node}.source = {source}\nnodes.n{node}.dest = {file}")
        } else {
            writeln!(text, "{source} {file}")
        };
    }
    text
}
