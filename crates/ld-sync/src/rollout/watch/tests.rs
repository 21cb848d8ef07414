//! Three nodes that change at any moment, also between the reads of one reading.

mod readings;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use ld_blocking::Spawner;
use ld_config::NodeConfig;
use ld_fleet::{RolloutPace, RolloutPlan, Share};
use ld_zk::{Absence, NodeData, NodeStat, NodeState, Reading, SessionKey, Unreadable};

use super::{Hashing, NodeSource, RolloutWatch};

const PATH: &str = "/flags";
const STABLE: &str = "stable";
const PLAN: &str = "plan";
const CANDIDATE: &str = "candidate";

/// A node that cannot be read.
const NO_AUTH: &[u8] = b"no right to read it";

thread_local! {
    static RANDOM: RefCell<fastrand::Rng> = RefCell::default();
}

fn random(below: usize) -> usize {
    RANDOM.with_borrow_mut(|random| random.usize(..below))
}

/// The ensemble.
struct World {
    nodes: HashMap<&'static str, (Vec<u8>, i64)>,
    zxid: i64,
    session: SessionKey,
    read_only: bool,
    /// Changes that happen right after a read.
    changes_left: usize,
    /// What was meant for the host at each moment since the reading began.
    meant: Vec<Option<Vec<u8>>>,
    /// How often each node was read.
    reads: HashMap<&'static str, usize>,
}

/// One node of it.
struct Stub {
    name: &'static str,
    world: Arc<Mutex<World>>,
    seen: Option<(Option<i64>, SessionKey, bool)>,
}

impl World {
    fn new() -> Arc<Mutex<Self>> {
        let mut world = Self {
            nodes: HashMap::new(),
            zxid: 0,
            session: SessionKey::unique(),
            read_only: false,
            changes_left: 0,
            meant: Vec::new(),
            reads: HashMap::new(),
        };
        world.set(&[(STABLE, Some(b"first".to_vec()))]);
        Arc::new(Mutex::new(world))
    }

    /// One transaction.
    fn set(&mut self, changes: &[(&'static str, Option<Vec<u8>>)]) {
        self.zxid += 1;
        for (name, content) in changes {
            match content {
                Some(content) => _ = self.nodes.insert(name, (content.clone(), self.zxid)),
                None => _ = self.nodes.remove(name),
            }
        }
        self.note();
    }

    /// Notes what is meant for the host now, and what a plan offers it.
    fn note(&mut self) {
        let offered = self.offered().map(<[u8]>::to_vec);
        self.meant.extend(offered.map(Some));
        self.meant.push(self.meant_now());
    }

    fn content(&self, name: &str) -> Option<&[u8]> {
        self.nodes.get(name).map(|(content, _)| content.as_slice())
    }

    /// The candidate, if the plan gives it to the host.
    fn offered(&self) -> Option<&[u8]> {
        let plan = RolloutPlan::parse(self.content(PLAN)?, PATH).ok()?;
        let is_offered = |candidate: &&[u8]| plan.includes("host") && plan.is_candidate(candidate);
        self.content(CANDIDATE).filter(is_offered).filter(|_| !self.read_only)
    }

    /// The rules, said once more and in another way.
    fn meant_now(&self) -> Option<Vec<u8>> {
        let stable = self.content(STABLE)?;
        let offered = self.offered().filter(|_| stable != NO_AUTH);
        Some(offered.unwrap_or(stable).to_vec())
    }

    /// Something that a tool, an operator or the network does.
    fn change(&mut self) {
        let new = || format!("content {}", random(4)).into_bytes();
        let share = || Share::try_from([0, 5_000, 10_000][random(3)]).unwrap();
        let (plan, candidate) = (self.content(PLAN), self.content(CANDIDATE).map(<[u8]>::to_vec));
        let plan = plan.and_then(|plan| RolloutPlan::parse(plan, PATH).ok());
        match (random(14), plan, candidate) {
            // A rollout starts.
            (0..3, None, _) => {
                let content = new();
                let plan = plan_of(&content, share()).to_bytes();
                self.set(&[(PLAN, Some(plan)), (CANDIDATE, Some(content))]);
            }
            // The share grows.
            (0..3, Some(mut plan), _) => {
                plan.share = share().max(plan.share);
                self.set(&[(PLAN, Some(plan.to_bytes()))]);
            }
            // Promotion.
            (3..5, Some(_), Some(candidate)) => {
                self.set(&[(STABLE, Some(candidate)), (PLAN, None), (CANDIDATE, None)]);
            }
            (5, ..) => self.set(&[(PLAN, None), (CANDIDATE, None)]),
            (6, ..) => self.set(&[(PLAN, Some(b"{".to_vec()))]),
            (7, ..) => self.set(&[(PLAN, Some(NO_AUTH.to_vec()))]),
            (8, ..) => {
                self.set(&[(CANDIDATE, [None, Some(new()), Some(NO_AUTH.to_vec())][random(3)].clone())])
            }
            (9, ..) => self.set(&[(STABLE, Some(new()))]),
            (10, ..) => self.set(&[(STABLE, [None, Some(NO_AUTH.to_vec())][random(2)].clone())]),
            (11, ..) => {
                (self.session, self.read_only) = (SessionKey::unique(), random(4) == 0);
                self.note();
            }
            _ => {}
        }
    }
}

fn plan_of(candidate: &[u8], share: Share) -> RolloutPlan {
    let (steps, max_bad) = (vec![Share::WHOLE], Share::NONE);
    let pace = RolloutPace { steps, soak: Duration::ZERO, max_bad, check: false };
    let id = format!("{:016x}", random(1 << 40));
    let by = (String::new(), String::new());
    let mut plan = RolloutPlan::new(id, PATH, candidate, pace, 0, by).unwrap();
    plan.share = share;
    plan
}

impl Stub {
    fn now(&self) -> (Option<i64>, SessionKey, bool) {
        let world = self.world.lock().unwrap();
        (world.nodes.get(self.name).map(|(_, mzxid)| *mzxid), world.session, world.read_only)
    }
}

impl NodeSource for Stub {
    async fn changed(&mut self) {
        if self.seen == Some(self.now()) {
            std::future::pending().await
        }
    }

    async fn read(&mut self) -> Reading {
        self.seen = Some(self.now());
        let mut world = self.world.lock().unwrap();
        *world.reads.entry(self.name).or_default() += 1;
        let state = match world.nodes.get(self.name) {
            None => NodeState::Absent(Absence::Confirmed),
            Some((content, _)) if content == NO_AUTH => NodeState::Unreadable(Unreadable::NoAuth),
            Some((content, mzxid)) => NodeState::Present {
                stat: NodeStat::new(1, *mzxid, 0, content.len() as i32).changed_at(*mzxid),
                data: NodeData::from(content.clone()),
            },
        };
        let mut reading = Reading::new(state, world.session);
        reading.read_only = world.read_only;
        while world.changes_left > 0 && random(2) == 0 {
            world.changes_left -= 1;
            world.change();
        }
        reading
    }

    fn refresh(&mut self) {
        self.seen = None;
    }
}

fn watch(world: &Arc<Mutex<World>>) -> RolloutWatch<Stub> {
    let stubs = [STABLE, PLAN, CANDIDATE].map(|name| Stub { name, world: Arc::clone(world), seen: None });
    let (config, hashing) = (NodeConfig::new("flags", PATH, "/f"), Hashing::new(Spawner::Threads));
    RolloutWatch::new(stubs, "/live-data/rollouts".to_owned(), &config, Arc::from("host"), hashing)
}

/// The content of a reading; `None` if the file would go.
fn content_of(reading: &Reading) -> Option<Vec<u8>> {
    match &reading.state {
        NodeState::Present { data, .. } => Some(data.to_vec()),
        NodeState::Unreadable(_) => Some(NO_AUTH.to_vec()),
        _ => None,
    }
}

/// Reads once; the world stands still.
fn read(watch: &mut RolloutWatch<Stub>) -> Reading {
    watch.read().now_or_never().expect("a stub answers at once")
}
