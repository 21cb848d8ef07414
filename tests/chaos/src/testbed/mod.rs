//! The testbed of a run: an ensemble, hosts with watchers, and what the run knows about them.

mod admin_pool;
mod clock;
mod configuration;
mod disk;
mod disturbances;
mod host;
mod objects;
mod proxies;
mod watcher_program;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Ensemble, Error, Server, ServerOptions, Step};

pub(crate) use admin_pool::{AdminPool, FaultyServers, RETRY_LIMIT};
pub(crate) use clock::{Clock, SET_BACK};
pub(crate) use configuration::{CHROOT, Configuration, OWNED_NODE};
pub(crate) use disk::{Disk, enter_namespace};
pub(crate) use disturbances::{Disturbances, Scope};
pub(crate) use host::{Host, credential};
use objects::Objects;
pub(crate) use watcher_program::{Programs, WatcherProgram};

use crate::judge::Recorder;
use crate::nodes::{History, POINTERS, ROLLOUTS, STREAMS, encode, stream};
use crate::rollouts::ConductorProgram;
use crate::schedule::{NODES, WATCHERS};
use ld_workspace::Failure;

/// Members that miss each other's votes retry within 1 s. The default is up to 60 s.
const ELECTION: &str = "zookeeper.fastleader.maxNotificationInterval=1000";
/// Where the reports of the hosts lie.
pub(crate) const REPORTS: &str = "/chaos/live-data/hosts";
/// The chroot, and below it where plans and reports lie.
pub(crate) const DIRECTORIES: [&str; 4] = [CHROOT, "/chaos/live-data", "/chaos/live-data/rollouts", REPORTS];
const PAUSE_STEP: Duration = Duration::from_millis(20);

/// Everything that the threads of a run share.
#[derive(Debug)]
pub(crate) struct Testbed {
    pub(crate) seed: u64,
    pub(crate) watcher: WatcherProgram,
    pub(crate) conductor: ConductorProgram,
    pub(crate) clock: Clock,
    pub(crate) hosts: Vec<Host>,
    pub(crate) ensemble: Ensemble,
    pub(crate) objects: Objects,
    pub(crate) history: History,
    pub(crate) disturbances: Disturbances,
    pub(crate) recorder: Recorder,
    /// Held while a node is changed, so that versions reach the ensemble in order.
    pub(crate) node_locks: Vec<Mutex<()>>,
    /// Written by faults that exclude all others, read by the others.
    pub(crate) exclusive: RwLock<()>,
    /// The number of files that were not right at the observer's last scan.
    pub(crate) wrong_files: AtomicUsize,
    pub(crate) rotation: Mutex<Rotation>,
    /// Writes avoid these servers if a sound one is left.
    pub(crate) faulty_servers: FaultyServers,
}

/// The rotation of the watchers' credentials.
#[derive(Debug, Default)]
pub(crate) struct Rotation {
    /// The number of rotations so far.
    pub(crate) count: usize,
    /// The node that only the latest credentials may read.
    pub(crate) node: Option<usize>,
}

impl Testbed {
    /// Starts the ensemble, writes the first version of each node, and starts the watchers.
    ///
    /// Whole hosts know the servers by names, and have disks and clocks of their own. They need a
    /// mount namespace.
    pub(crate) fn start(seed: u64, programs: Programs, whole_hosts: bool) -> Result<Self, Failure> {
        let Programs { watcher, conductor } = programs;
        let options =
            ServerOptions { extra_properties: vec![ELECTION.to_owned()], ..ServerOptions::default() };
        let ensemble = Ensemble::start_with(options);
        let addresses: Vec<SocketAddr> = ensemble.servers().iter().map(Server::address).collect();
        let objects = Objects::start();
        let hosts = (0..WATCHERS)
            .map(|index| Host::new(index, &addresses, objects.address(), watcher, whole_hosts))
            .collect::<Result<_, _>>()?;
        let testbed = Self {
            seed,
            watcher,
            conductor,
            clock: Clock::start(),
            hosts,
            ensemble,
            objects,
            history: History::new(STREAMS),
            disturbances: Disturbances::new(),
            recorder: Recorder::stopping_at(programs.expected_violation()),
            node_locks: (0..NODES).map(|_| Mutex::new(())).collect(),
            exclusive: RwLock::new(()),
            wrong_files: AtomicUsize::new(WATCHERS * NODES),
            rotation: Mutex::new(Rotation::default()),
            faulty_servers: FaultyServers::default(),
        };
        testbed.fill(&mut testbed.admins()).map_err(Failure::new)?;
        testbed.hosts.iter().for_each(Host::start);
        testbed.disturbances.end(Scope::Everything, testbed.clock.now());
        Ok(testbed)
    }

    /// Connections of its own for a thread.
    pub(crate) fn admins(&self) -> AdminPool<'_> {
        let servers = self.ensemble.servers().iter();
        AdminPool::new(&self.faulty_servers, servers.map(Server::admin).collect())
    }

    /// The same, authenticated by `user:password`.
    pub(crate) fn admins_as(&self, credential: &str) -> AdminPool<'_> {
        let admins = self.ensemble.servers().iter().map(|server| server.admin().with_digest(credential));
        AdminPool::new(&self.faulty_servers, admins.collect())
    }

    /// Creates the chroot and a new version of each node in one transaction.
    ///
    /// A node that is missing in an ensemble with data counts as deleted.
    pub(crate) fn fill(&self, admins: &mut AdminPool<'_>) -> Result<(), String> {
        let versions: Vec<u64> = (0..NODES).map(|node| self.history.begin(node)).collect();
        let versions_of = versions.clone();
        for (watcher, node) in (0..WATCHERS).flat_map(|watcher| ROLLOUTS.map(move |node| (watcher, node))) {
            self.history.begin_document(stream(watcher, node), versions[node]);
        }
        let nodes = versions
            .iter()
            .enumerate()
            .map(|(node, version)| Step::create(path(node), self.content(node, *version)));
        let steps: Vec<Step> =
            DIRECTORIES.map(|directory| Step::create(directory, "")).into_iter().chain(nodes).collect();
        admins.retry("fill the ensemble", |admin| match admin.transaction(&steps) {
            // The reply to an earlier attempt was lost.
            Err(Error::NodeExists { .. }) => Ok(()),
            outcome => outcome,
        })?;
        let now = self.clock.now();
        let versions = versions.iter().enumerate();
        versions.for_each(|(node, version)| self.history.acknowledge(node, *version, now));
        for (watcher, node) in (0..WATCHERS).flat_map(|watcher| ROLLOUTS.map(move |node| (watcher, node))) {
            self.history.settle(stream(watcher, node), versions_of[node], now);
        }
        Ok(())
    }

    /// What the node holds in a version. The object of a pointer is stored before.
    pub(crate) fn content(&self, node: usize, version: u64) -> Vec<u8> {
        if POINTERS.contains(&node) {
            self.objects.put(self.seed, node, version)
        } else {
            encode(self.seed, node, version)
        }
    }

    /// Sleeps for `duration`, or until the run is to stop.
    pub(crate) fn pause(&self, duration: Duration) {
        let start = Instant::now();
        while start.elapsed() < duration && !self.recorder.should_stop() {
            thread::sleep(PAUSE_STEP.min(duration.saturating_sub(start.elapsed())));
        }
    }

    /// Waits at most `limit` until all files are right. Returns whether they are.
    pub(crate) fn wait_until_right(&self, limit: Duration) -> bool {
        let start = Instant::now();
        while self.wrong_files.load(Ordering::SeqCst) > 0 && !self.recorder.should_stop() {
            if start.elapsed() > limit {
                return false;
            }
            thread::sleep(PAUSE_STEP);
        }
        true
    }

    /// Keeps writes away from a server, or allows them again.
    pub(crate) fn set_faulty(&self, server: &Server, is_faulty: bool) {
        let mut servers = self.ensemble.servers().iter();
        let index = servers.position(|other| other.address() == server.address());
        self.faulty_servers.set(index.unwrap_or_default(), is_faulty);
    }
}

/// The full path of a node.
pub(crate) fn path(node: usize) -> String {
    format!("{CHROOT}/n{node}")
}
