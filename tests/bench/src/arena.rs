//! What all contestants share: one server and its nodes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ld_testkit::{Admin, Server, ServerOptions};

use super::contestant::{Contestant, Programs};
use super::stage::Stage;
use super::tree::Tree;
use ld_workspace::Failure;

/// A file system in memory, on every Linux.
pub(super) const TMPFS: &str = "/dev/shm";
/// 1,000 nodes of 900 KB, and the 500 last writes of that size, which the server remembers.
const HEAP_MIB: u32 = 3072;
/// What the original asks for by default, and so do we.
const MAX_SESSION_TIMEOUT: Duration = Duration::from_secs(60);

/// One server, its nodes, and the programs.
#[derive(Debug)]
pub(super) struct Arena {
    pub(super) programs: Programs,
    pub(super) server: Server,
    pub(super) admin: Admin,
    /// Nodes of 100 B, of 200 B and of 900 KB.
    pub(super) tiny: Tree,
    pub(super) small: Tree,
    pub(super) large: Tree,
    /// Take less time.
    pub(super) quick: bool,
}

/// The file system that destinations are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Tmpfs,
    /// Where cargo's target directory is.
    Disk,
}

impl Arena {
    pub(super) fn new(programs: Programs, quick: bool) -> Self {
        let server = Server::start_with(ServerOptions {
            heap: HEAP_MIB,
            max_session_timeout: MAX_SESSION_TIMEOUT,
            ..ServerOptions::default()
        });
        Self {
            admin: server.admin(),
            server,
            programs,
            tiny: Tree::new("/bench/tiny", 100),
            small: Tree::new("/bench/services", 200),
            large: Tree::new("/bench/large", 900_000),
            quick,
        }
    }

    /// Starts a contestant for nodes of 200 B, on the server itself.
    pub(super) fn start(&mut self, who: Contestant, nodes: usize, place: Place) -> Result<Stage, Failure> {
        let servers = self.server.connect_string();
        self.start_through(&servers, who, nodes, place)
    }

    /// The same through a proxy.
    pub(super) fn start_through(
        &mut self,
        servers: &str,
        who: Contestant,
        nodes: usize,
        place: Place,
    ) -> Result<Stage, Failure> {
        self.small.grow(&self.admin, nodes)?;
        Stage::start(&self.programs, who, servers, &self.small, nodes, &self.directory(place))
    }

    pub(super) fn directory(&self, place: Place) -> PathBuf {
        match place {
            Place::Tmpfs => Path::new(TMPFS).to_owned(),
            Place::Disk => self.programs.target.clone(),
        }
    }
}
