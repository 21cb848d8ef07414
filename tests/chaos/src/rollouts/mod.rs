//! Rollouts: `live-data-ctl` conducts them, dies at random moments, and another one goes on.
//!
//! One thread for each node starts rollouts, lets conductors run, kills and freezes them, and
//! writes, pauses, aborts and promotes beside them. Another thread reads the plans, and notes in
//! the history which document is meant for each host.

mod conductor;
mod fate;
mod finish;
mod log;
mod pace;
mod tool;
mod truth;

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use ld_testkit::{Error, TestCommand};

use crate::nodes::{encode, encode_bad};
use crate::schedule::WATCHERS;
use crate::testbed::{AdminPool, Testbed, path};
pub(crate) use conductor::ConductorProgram;
use conductor::{Conductor, start_by_hand};
use fate::{Fate, Fates};
pub(crate) use log::PlanLog;
use tool::Tool;
use truth::{Plan, Truth};

/// The pause between two looks at a rollout, in milliseconds.
const PAUSE: std::ops::Range<u64> = 50..700;
/// One in this number of tools is killed soon after its start.
const DEATHS: usize = 4;
/// How long such a tool lives, in milliseconds. It needs most of that to connect.
const LIFE: std::ops::Range<u64> = 2..300;
/// How long a conductor lives that is killed, in milliseconds.
const CONDUCTOR_LIFE: std::ops::Range<u64> = 500..9_000;
/// For how long a conductor is stopped, in milliseconds.
const FREEZE: std::ops::Range<u64> = 500..6_000;
/// How long a started tool may take until its rollout is seen.
const START_LIMIT: Duration = Duration::from_secs(4);
/// How many tools may conduct one rollout.
const CONDUCTORS: usize = 3;

/// What one thread knows of the rollouts of its node.
struct Rollouts<'a> {
    testbed: &'a Testbed,
    log: &'a PlanLog,
    node: usize,
    rng: Rng,
    admins: AdminPool<'a>,
    tool: Tool,
    conductors: Vec<Conductor>,
    fates: Fates,
    /// The fate of each candidate.
    fate: BTreeMap<u64, Fate>,
    /// When the last step ended. The next one begins after a later read.
    acted: Duration,
    /// A rollout, its share, and since when this thread knows it.
    share: (String, u64, Duration),
}

/// Has rollouts of a node until `stop` is set, and then conducts the last one to its end.
pub(crate) fn run(testbed: &Testbed, log: &PlanLog, node: usize, stop: &AtomicBool) {
    testbed.recorder.with(|counts| counts.expects_rollouts = true);
    let tool = match Tool::new(testbed, node) {
        Ok(tool) => tool,
        Err(obstacle) => return testbed.recorder.obstacle(obstacle),
    };
    let mut rng = Rng::with_seed(testbed.seed.wrapping_mul(41).wrapping_add(node as u64));
    let fates = Fates::new(&mut rng);
    let mut rollouts = Rollouts {
        testbed,
        log,
        node,
        rng,
        admins: testbed.admins(),
        tool,
        conductors: Vec::new(),
        fates,
        fate: BTreeMap::new(),
        acted: Duration::ZERO,
        share: (String::new(), 0, Duration::ZERO),
    };
    while !stop.load(Ordering::SeqCst) && !testbed.recorder.should_stop() {
        rollouts.look();
        let pause = rollouts.rng.u64(PAUSE);
        testbed.pause(Duration::from_millis(pause));
    }
    rollouts.finish();
}

impl Rollouts<'_> {
    fn look(&mut self) {
        self.tend();
        let Some(truth) = self.log.latest(self.node, self.acted) else { return };
        match &truth.plan {
            None => self.begin(&truth),
            Some(plan) => self.go_on(&truth, plan),
        }
    }

    /// Starts a rollout, or writes the node.
    fn begin(&mut self, truth: &Truth) {
        let testbed = self.testbed;
        // A fault holds the lock of the node that it changes.
        let Ok(_lock) = testbed.node_locks[self.node].try_lock() else { return };
        if self.rng.u32(..6) == 0 {
            return self.write();
        }
        let fate = self.fates.next(&mut self.rng);
        let candidate = testbed.history.begin(self.node);
        let is_bad = fate == Fate::Bad;
        testbed.history.add_candidate(self.node, candidate, is_bad);
        self.fate.insert(candidate, fate);
        let encoded = if is_bad { encode_bad } else { encode };
        let content = encoded(testbed.seed, self.node, candidate);
        // More than the share of one host in three. A share without hosts is passed after 30 s.
        let first = self.rng.u64(4_000..8_000);
        let steps = if self.rng.bool() { vec![first, 10_000] } else { vec![first, first + 1_500, 10_000] };
        let began = testbed.clock.now();
        self.log.begin_start(self.node, candidate, began);
        if !testbed.watcher.reports() {
            let started = start_by_hand(self.admins.admin(), self.node, &content, &steps).is_ok();
            self.wait_for_plan(truth, began, || false);
            return self.asked("started", started);
        }
        let command = match self.tool.start(&content, &steps) {
            Ok(command) => command,
            Err(obstacle) => {
                self.log.end_start(testbed, self.node);
                return testbed.recorder.obstacle(obstacle);
            }
        };
        let command = if self.conducts() { command } else { command.arg("--detach") };
        self.start(&command, candidate);
        let conductors = std::mem::take(&mut self.conductors);
        self.wait_for_plan(truth, began, || {
            conductors.last().is_none_or(|last| last.candidate != candidate || !last.program.is_running())
        });
        self.conductors = conductors;
        self.asked("started", true);
    }

    /// Waits until the ensemble is known to hold something else, or the tool `has_ended`.
    fn wait_for_plan(&self, before: &Truth, began: Duration, has_ended: impl Fn() -> bool) {
        let testbed = self.testbed;
        let is_seen = |since| self.log.latest(self.node, since).is_some_and(|now| now != *before);
        while !is_seen(began) && !has_ended() && testbed.clock.now() < began + START_LIMIT {
            testbed.pause(Duration::from_millis(20));
        }
        // One more read after the end of the tool shows what it has left.
        let ended = testbed.clock.now();
        while self.log.latest(self.node, ended).is_none() && testbed.clock.now() < ended + START_LIMIT {
            testbed.pause(Duration::from_millis(20));
        }
        self.log.end_start(testbed, self.node);
    }

    /// Starts a tool for a candidate, which may be killed soon.
    fn start(&mut self, command: &TestCommand, candidate: u64) {
        let program = command.start();
        if self.rng.usize(..DEATHS) == 0 {
            let life = self.rng.u64(LIFE);
            self.testbed.pause(Duration::from_millis(life));
            program.kill();
            return count(self.testbed, "killed tools");
        }
        self.conductors.push(Conductor::new(program, candidate));
    }

    fn go_on(&mut self, truth: &Truth, plan: &Plan) {
        let now = self.testbed.clock.now();
        if self.share.0 != plan.id {
            self.fates.take();
        }
        if (&self.share.0, self.share.1) != (&plan.id, plan.share) {
            self.share = (plan.id.clone(), plan.share, now);
        }
        if !self.testbed.watcher.reports() {
            if now > self.share.2 + Duration::from_secs(2) {
                self.step(Fate::Abort);
            }
            return;
        }
        if !self.conducts() {
            let since = now.saturating_sub(self.share.2);
            let _lock = self.testbed.node_locks[self.node].lock().unwrap_or_else(PoisonError::into_inner);
            // A fault may prevent the step. The next look tries again.
            drop(self.testbed.conductor.act(self.admins.admin(), self.node, plan, since));
            self.acted = self.testbed.clock.now();
            return;
        }
        self.conductors.iter_mut().for_each(|conductor| conductor.candidate = plan.candidate);
        let fate = self.fate.get(&plan.candidate).copied().unwrap_or(Fate::Left);
        // A share without hosts is passed only by a conductor that has run for a time, which would
        // be most of a short run.
        let has_hosts = !plan.is_empty(self.node);
        match self.rng.u32(..24) {
            _ if self.conductors.is_empty() => self.resume(plan.candidate),
            0..3 if plan.is_paused => self.resume(plan.candidate),
            0 => self.resume(plan.candidate),
            1 | 2 => self.freeze(),
            3 | 4 if has_hosts => self.kill_soon(),
            3 => self.step(Fate::Abort),
            5 if has_hosts => self.step(Fate::Pause),
            6..10 if fate == Fate::Write && truth.stable < plan.candidate => {
                self.fate.insert(plan.candidate, Fate::Abort);
                self.step(fate);
            }
            6..10 if matches!(fate, Fate::Abort | Fate::Promote) => self.step(fate),
            _ => {}
        }
    }

    /// Another tool conducts the rollout.
    fn resume(&mut self, candidate: u64) {
        if self.conductors.len() < CONDUCTORS {
            let program = self.tool.resume();
            self.conductors.push(Conductor::new(program, candidate));
            self.say("resumed", "");
            count(self.testbed, "resumed");
        }
    }

    fn freeze(&mut self) {
        let until = self.testbed.clock.now() + Duration::from_millis(self.rng.u64(FREEZE));
        let index = self.rng.usize(..self.conductors.len());
        let conductor = &mut self.conductors[index];
        if conductor.frozen_until.is_none() && conductor.program.is_running() {
            conductor.program.freeze();
            conductor.frozen_until = Some(until);
            count(self.testbed, "frozen conductors");
        }
    }

    fn kill_soon(&mut self) {
        let at = self.testbed.clock.now() + Duration::from_millis(self.rng.u64(CONDUCTOR_LIFE));
        let index = self.rng.usize(..self.conductors.len());
        self.conductors[index].dies_at.get_or_insert(at);
    }

    /// Takes one step beside the conductors.
    fn step(&mut self, step: Fate) {
        let testbed = self.testbed;
        // A fault holds the lock of the node that it changes.
        let Ok(_lock) = testbed.node_locks[self.node].try_lock() else { return };
        if step == Fate::Write {
            return self.write();
        }
        let life = (self.rng.usize(..DEATHS) == 0).then(|| Duration::from_millis(self.rng.u64(LIFE)));
        let (subcommand, name) = match step {
            Fate::Pause => ("pause", "paused"),
            Fate::Promote => ("promote", "promoted by hand"),
            _ => ("abort", "aborted"),
        };
        let is_done = self.tool.step(subcommand, life);
        self.asked(name, is_done);
    }

    /// Writes the node, as another tool does. The caller holds its lock.
    fn write(&mut self) {
        let testbed = self.testbed;
        let version = testbed.history.begin(self.node);
        let written = self.admins.admin().set(&path(self.node), encode(testbed.seed, self.node, version));
        if let Err(Error::Connection { .. } | Error::Server { .. }) = written {
            self.admins.rotate();
        }
        self.asked("written beside", written.is_ok());
    }

    /// Notes what was asked for, and whether it is known to be done.
    fn asked(&mut self, name: &'static str, is_done: bool) {
        self.acted = self.testbed.clock.now();
        self.say(name, if is_done { "" } else { ", with an unknown outcome" });
        count(self.testbed, if is_done { name } else { "with an unknown outcome" });
    }

    fn conducts(&self) -> bool {
        self.testbed.conductor == ConductorProgram::LiveData
    }

    fn say(&self, name: &str, more: &str) {
        if std::env::var_os("LD_CHAOS_STEPS").is_some() {
            println!("{:7.2} s  n{}: {name}{more}", self.testbed.clock.now().as_secs_f64(), self.node);
        }
    }
}

fn count(testbed: &Testbed, name: &'static str) {
    testbed.recorder.with(|counts| *counts.rollouts.entry(name).or_default() += 1);
}

/// What each host is meant to have at the end, by watcher.
pub(crate) fn at_end(testbed: &Testbed, admins: &mut AdminPool<'_>, node: usize) -> Result<Vec<u64>, String> {
    let _lock = testbed.node_locks[node].lock().unwrap_or_else(PoisonError::into_inner);
    let truth = admins.retry("read a rollout", |admin| {
        admin.sync()?;
        Truth::of(admin, node)
    })?;
    let truth = truth.ok_or_else(|| format!("n{node} is not what was written"))?;
    Ok((0..WATCHERS).map(|watcher| truth.meant(watcher, node)).collect())
}
