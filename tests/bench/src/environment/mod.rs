//! The benchmark environment that all subjects share: one server, its nodes, and the programs.

mod node_set;
mod objects;
mod observer;
mod workload;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ld_testkit::{Admin, S3Server, Server, ServerOptions};

use crate::programs::{Programs, Subject};
use crate::system;
use ld_workspace::Failure;
use node_set::NodeSet;
use objects::Objects;
pub(crate) use observer::{BATCHED, UNBATCHED};
pub(crate) use workload::Workload;

/// A file system in memory that every Linux has.
pub(crate) const TMPFS: &str = "/dev/shm";
/// Room for 1,000 nodes of 900 KB, and for the last 500 writes, which the server keeps in memory.
const HEAP_MIB: u32 = 3072;
/// The size of the one large object.
pub(crate) const OBJECT_BYTES: usize = 300 << 20;
/// The session timeout that the original and ours ask for by default.
const MAX_SESSION_TIMEOUT: Duration = Duration::from_secs(60);

/// One server, its nodes, and the programs.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) programs: Programs,
    pub(crate) server: Server,
    admin: Admin,
    /// By [`NodeSize`].
    node_sets: [NodeSet; 5],
    /// Use fewer samples and shorter waits.
    pub(crate) quick: bool,
}

/// The size of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeSize {
    /// 100 B.
    Tiny,
    /// 200 B.
    Small,
    /// 900 KB.
    Large,
    /// A pointer to an object of 2 KB.
    Pointer,
    /// A pointer to an object of 300 MiB.
    Object,
}

/// The file system of the destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileSystem {
    Tmpfs,
    /// The disk that holds cargo's target directory.
    Disk,
}

impl Environment {
    /// Starts the server. It has no nodes yet.
    pub(crate) fn new(programs: Programs, quick: bool) -> Self {
        let server = Server::start_with(ServerOptions {
            heap: HEAP_MIB,
            max_session_timeout: MAX_SESSION_TIMEOUT,
            ..ServerOptions::default()
        });
        let objects = Arc::new(S3Server::start());
        let node_sets = [
            NodeSet::new("/bench/tiny", 100),
            NodeSet::new("/bench/services", 200),
            NodeSet::new("/bench/large", 900_000),
            NodeSet::pointing("/bench/pointers", 2_000, Objects::new(&objects, "pointers")),
            NodeSet::pointing("/bench/object", OBJECT_BYTES, Objects::new(&objects, "object")),
        ];
        Self { admin: server.admin(), server, programs, node_sets, quick }
    }

    /// Starts a subject for small nodes, connected to the server itself.
    pub(crate) fn start(
        &mut self,
        subject: Subject,
        nodes: usize,
        file_system: FileSystem,
    ) -> Result<Workload, Failure> {
        let servers = self.server.connect_string();
        self.start_through(&servers, subject, nodes, file_system)
    }

    /// Starts a subject for small nodes, connected to `servers`: the address of a proxy.
    pub(crate) fn start_through(
        &mut self,
        servers: &str,
        subject: Subject,
        nodes: usize,
        file_system: FileSystem,
    ) -> Result<Workload, Failure> {
        self.start_workload(servers, subject, NodeSize::Small, nodes, file_system, false)
    }

    /// Starts a subject for small nodes, with its files on tmpfs, that serves its status.
    pub(crate) fn start_with_status(&mut self, subject: Subject, nodes: usize) -> Result<Workload, Failure> {
        let servers = self.server.connect_string();
        self.start_workload(&servers, subject, NodeSize::Small, nodes, FileSystem::Tmpfs, true)
    }

    /// Starts a subject for nodes of the given size, with its files on tmpfs.
    pub(crate) fn start_with(
        &mut self,
        subject: Subject,
        size: NodeSize,
        nodes: usize,
    ) -> Result<Workload, Failure> {
        let servers = self.server.connect_string();
        self.start_workload(&servers, subject, size, nodes, FileSystem::Tmpfs, false)
    }

    fn start_workload(
        &mut self,
        servers: &str,
        subject: Subject,
        size: NodeSize,
        nodes: usize,
        file_system: FileSystem,
        serves_status: bool,
    ) -> Result<Workload, Failure> {
        self.node_sets[size as usize].grow(&self.admin, nodes)?;
        let directory = self.directory(file_system);
        let node_set = self.node_set(size);
        Workload::start(&self.programs, subject, servers, node_set, nodes, &directory, serves_status)
    }

    /// All nodes of one size.
    pub(crate) fn node_set(&self, size: NodeSize) -> &NodeSet {
        &self.node_sets[size as usize]
    }

    /// Gives nodes their next version. The changes of one transaction take effect at once.
    pub(crate) fn change(
        &mut self,
        size: NodeSize,
        nodes: impl IntoIterator<Item = usize> + Clone,
    ) -> Result<(), Failure> {
        self.node_sets[size as usize].change(&self.admin, nodes)
    }

    /// Gives one node its next version, and returns after the acknowledgement.
    pub(crate) fn change_one(&mut self, size: NodeSize, node: usize) -> Result<(), Failure> {
        self.node_sets[size as usize].change_one(&self.admin, node)
    }

    /// The machine, and the file systems of the destinations.
    pub(crate) fn machine(&self) -> String {
        system::describe(&[&self.directory(FileSystem::Tmpfs), &self.directory(FileSystem::Disk)])
    }

    fn directory(&self, file_system: FileSystem) -> PathBuf {
        match file_system {
            FileSystem::Tmpfs => Path::new(TMPFS).to_owned(),
            FileSystem::Disk => self.programs.target.clone(),
        }
    }
}
