//! The world of a run: an ensemble, hosts with watchers, and what is known about them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Ensemble, Error, Server, ServerOptions, Step};

use super::clock::Clock;
use super::document;
use super::engine::Engine;
use super::ledger::Ledger;
use super::peace::{Peace, Scope};
use super::schedule::{NODES, WATCHERS};
use super::site::{CHROOT, Site};
use super::verdict::Tally;
use ld_workspace::Failure;

/// How long something is tried that needs the ensemble: elections and restarts are over by then.
pub(super) const INSIST_LIMIT: Duration = Duration::from_secs(90);
/// Members that miss each other's votes try again after 60 s at most by default.
const ELECTION: &str = "zookeeper.fastleader.maxNotificationInterval=1000";
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
const PAUSE_STEP: Duration = Duration::from_millis(20);

/// Everything that a run is made of. All its threads share it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) clock: Clock,
    pub(super) sites: Vec<Site>,
    pub(super) ensemble: Ensemble,
    pub(super) ledger: Ledger,
    pub(super) peace: Peace,
    pub(super) tally: Tally,
    /// Whoever changes a node holds its pen, so that versions reach the ensemble in their order.
    pub(super) pens: Vec<Mutex<()>>,
    /// Faults that need the world for themselves write here, all others read.
    pub(super) alone: RwLock<()>,
    /// Files that are not right, as of the observer's last scan.
    pub(super) wrong: AtomicUsize,
    /// How often the watchers' credentials were rotated, and the node that only the last ones may read.
    pub(super) secured: Mutex<(usize, Option<usize>)>,
    /// Servers that a fault concerns, a bit for each: nobody sends a write there if another is left.
    pub(super) victims: AtomicUsize,
}

impl World {
    /// Starts the ensemble, writes the first version of every node, and starts the watchers. In a mount namespace they
    /// know the servers by names, and have disks of their own.
    pub(super) fn start(seed: u64, engine: Engine, whole_hosts: bool) -> Result<Self, Failure> {
        let options =
            ServerOptions { extra_properties: vec![ELECTION.to_owned()], ..ServerOptions::default() };
        let ensemble = Ensemble::start_with(options);
        let addresses: Vec<SocketAddr> = ensemble.servers().iter().map(Server::address).collect();
        let sites = (0..WATCHERS)
            .map(|watcher| Site::new(watcher, &addresses, engine, whole_hosts))
            .collect::<Result<_, _>>()?;
        let world = Self {
            seed,
            clock: Clock::start(),
            sites,
            ensemble,
            ledger: Ledger::new(NODES),
            peace: Peace::new(),
            tally: Tally::stopping_at(engine.breaks()),
            pens: (0..NODES).map(|_| Mutex::new(())).collect(),
            alone: RwLock::new(()),
            wrong: AtomicUsize::new(WATCHERS * NODES),
            secured: Mutex::new((0, None)),
            victims: AtomicUsize::new(0),
        };
        world.fill(&mut Hand::new(&world)).map_err(Failure::new)?;
        world.sites.iter().for_each(Site::start);
        world.peace.heal(Scope::Everything, world.clock.now());
        Ok(world)
    }

    /// The chroot and a new version of all nodes, at one moment: a node that is missing in an ensemble that holds data
    /// counts as deleted.
    pub(super) fn fill(&self, hand: &mut Hand<'_>) -> Result<(), String> {
        let versions: Vec<u64> = (0..NODES).map(|node| self.ledger.begin(node)).collect();
        let nodes = versions
            .iter()
            .enumerate()
            .map(|(node, version)| Step::create(path(node), document::encode(self.seed, node, *version)));
        let steps: Vec<Step> = [Step::create(CHROOT, "")].into_iter().chain(nodes).collect();
        hand.insist("to fill the ensemble", |admin| match admin.transaction(&steps) {
            // The answer to an earlier attempt was lost.
            Err(Error::NodeExists { .. }) => Ok(()),
            outcome => outcome,
        })?;
        let now = self.clock.now();
        versions.iter().enumerate().for_each(|(node, version)| self.ledger.held(node, *version, now));
        Ok(())
    }

    /// Waits for a time of the schedule; less when the run is to end.
    pub(super) fn pause(&self, duration: Duration) {
        let start = Instant::now();
        while start.elapsed() < duration && !self.tally.shall_stop() {
            thread::sleep(PAUSE_STEP.min(duration.saturating_sub(start.elapsed())));
        }
    }

    /// Waits until all files are right, at most `limit`. Returns whether they are.
    pub(super) fn settle(&self, limit: Duration) -> bool {
        let start = Instant::now();
        while self.wrong.load(Ordering::SeqCst) > 0 && !self.tally.shall_stop() {
            if start.elapsed() > limit {
                return false;
            }
            thread::sleep(PAUSE_STEP);
        }
        true
    }

    /// Keeps writes away from a server, or lets them come back.
    pub(super) fn set_victim(&self, server: &Server, is_victim: bool) {
        let index = self.ensemble.servers().iter().position(|other| other.address() == server.address());
        let bit = 1 << index.unwrap_or_default();
        if is_victim {
            self.victims.fetch_or(bit, Ordering::SeqCst);
        } else {
            self.victims.fetch_and(!bit, Ordering::SeqCst);
        }
    }
}

/// The full path of a node.
pub(super) fn path(node: usize) -> String {
    format!("{CHROOT}/n{node}")
}

/// Somebody's own connections to all servers.
#[derive(Debug)]
pub(super) struct Hand<'a> {
    world: &'a World,
    admins: Vec<Admin>,
    server: usize,
}

impl<'a> Hand<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        Self { world, admins: world.ensemble.servers().iter().map(Server::admin).collect(), server: 0 }
    }

    /// The same, authenticated as `credential`.
    pub(super) fn authenticated(world: &'a World, credential: &str) -> Self {
        let servers = world.ensemble.servers().iter();
        let admins = servers.map(|server| server.admin().with_digest(credential)).collect();
        Self { world, admins, server: 0 }
    }

    /// The connection to a server that no fault concerns, if there is one. After a failure it is another server's.
    pub(super) fn admin(&self) -> &Admin {
        let victims = self.world.victims.load(Ordering::SeqCst);
        let order = (0..self.admins.len()).map(|step| (self.server + step) % self.admins.len());
        let sound = order.clone().find(|server| victims & (1 << server) == 0);
        &self.admins[sound.unwrap_or(self.server)]
    }

    pub(super) fn turn(&mut self) {
        self.server = (self.server + 1) % self.admins.len();
    }

    /// Does it until it succeeds, or fails for a reason that is the node's own.
    pub(super) fn insist<T>(
        &mut self,
        what: &str,
        act: impl Fn(&Admin) -> Result<T, Error>,
    ) -> Result<T, String> {
        let start = Instant::now();
        loop {
            match act(self.admin()) {
                Ok(done) => return Ok(done),
                Err(Error::Connection { .. } | Error::Server { .. }) if start.elapsed() < INSIST_LIMIT => {
                    self.turn();
                    thread::sleep(RETRY_INTERVAL);
                }
                Err(error) => return Err(format!("{what}: {error}")),
            }
        }
    }
}
