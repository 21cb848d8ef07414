//! Rollouts: one thread starts, raises, pauses, aborts and promotes them by the code of the tools.
//!
//! The tool dies at random moments. After each step the thread reads what the ensemble holds, and
//! notes in the history which document is meant for each host.

mod tool;
mod truth;

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use ld_testkit::Error;

use crate::nodes::{ROLLOUTS, encode, follows, stream};
use crate::schedule::WATCHERS;
use crate::testbed::{AdminPool, Testbed, path};
use tool::{Outcome, Tool};
use truth::Plan;
pub(crate) use truth::Truth;

/// The pause between two steps, in milliseconds.
const PAUSE: std::ops::Range<u64> = 50..700;
/// One in this number of steps is cut off.
const DEATHS: usize = 4;
/// How long a tool lives that dies, in milliseconds.
const LIFE: std::ops::Range<u64> = 2..80;

/// What is done with a node.
enum Step {
    /// The node itself is written, by another tool.
    Write,
    Start(u16),
    Raise(u16),
    Pause,
    Resume,
    Abort,
    Promote,
}

/// Conducts rollouts until `stop` is set.
pub(crate) fn run(testbed: &Testbed, stop: &AtomicBool) {
    testbed.recorder.with(|counts| counts.expects_rollouts = true);
    let mut rng = Rng::with_seed(testbed.seed.wrapping_mul(41).wrapping_add(5));
    let mut admins = testbed.admins();
    let tool = match Tool::new(testbed) {
        Ok(tool) => tool,
        Err(obstacle) => return testbed.recorder.obstacle(obstacle),
    };
    let mut plans: Vec<Option<String>> = vec![None; ROLLOUTS.len()];
    loop {
        testbed.pause(Duration::from_millis(rng.u64(PAUSE)));
        if stop.load(Ordering::SeqCst) || testbed.recorder.should_stop() {
            return;
        }
        let node = rng.usize(ROLLOUTS);
        // A fault holds the lock of the node that it changes.
        let Ok(_lock) = testbed.node_locks[node].try_lock() else { continue };
        let plan = &mut plans[node - ROLLOUTS.start];
        let Some(truth) = settle(testbed, &mut admins, node, plan) else { continue };
        let step = choose(&mut rng, &truth);
        let life = (rng.usize(..DEATHS) == 0).then(|| Duration::from_millis(rng.u64(LIFE)));
        take(testbed, &mut admins, &tool, (node, &truth, &step), life, rng.bool());
        settle(testbed, &mut admins, node, plan);
    }
}

fn choose(rng: &mut Rng, truth: &Truth) -> Step {
    let Some(plan) = &truth.plan else {
        // More than the share of one host in three.
        let share = u16::try_from(rng.u64(2_000..9_000)).unwrap_or(9_000);
        return if rng.u32(..4) == 0 { Step::Write } else { Step::Start(share) };
    };
    match rng.u32(..20) {
        0..8 if plan.share < 10_000 => {
            let larger = u16::try_from(rng.u64(plan.share + 1..=10_000)).unwrap_or(10_000);
            Step::Raise(larger)
        }
        0..10 if plan.is_paused => Step::Resume,
        0..10 => Step::Pause,
        10..14 => Step::Abort,
        14..18 => Step::Promote,
        _ => Step::Write,
    }
}

/// Takes one step, and notes before it what it may mean for each host.
fn take(
    testbed: &Testbed,
    admins: &mut AdminPool<'_>,
    tool: &Tool,
    (node, truth, step): (usize, &Truth, &Step),
    life: Option<Duration>,
    by_program: bool,
) {
    let history = &testbed.history;
    let mut begun = Vec::new();
    let mut begin = |watcher, document| {
        let stream = stream(watcher, node);
        begun.push((stream, history.begin_document(stream, document)));
    };
    let meant = |watcher| truth.meant(watcher, node);
    let (name, outcome) = match step {
        Step::Write => {
            let version = history.begin(node);
            for watcher in 0..WATCHERS {
                begin(watcher, version);
                // A host that has not seen the plan yet may have the node's content for a moment.
                if meant(watcher) != truth.stable {
                    begin(watcher, meant(watcher));
                }
            }
            let written = admins.admin().set(&path(node), encode(testbed.seed, node, version));
            let outcome = match written {
                Ok(_) => Outcome::Done,
                Err(Error::Connection { .. } | Error::Server { .. }) => {
                    admins.rotate();
                    Outcome::Unknown
                }
                Err(_) => Outcome::Refused,
            };
            ("written beside", outcome)
        }
        Step::Start(share) => {
            let candidate = history.begin(node);
            history.add_candidate(node, candidate);
            (0..WATCHERS).filter(|watcher| follows(*watcher, node)).for_each(|it| begin(it, candidate));
            ("started", tool.start(node, encode(testbed.seed, node, candidate), *share, life))
        }
        Step::Raise(share) => {
            if let Some(plan) = &truth.plan {
                let raised =
                    Truth { plan: Some(Plan { share: u64::from(*share), ..plan.clone() }), ..truth.clone() };
                let grown = (0..WATCHERS).filter(|watcher| raised.meant(*watcher, node) != meant(*watcher));
                grown.for_each(|watcher| begin(watcher, plan.candidate));
            }
            ("raised", tool.raise(node, *share, life))
        }
        Step::Pause => ("paused", tool.set_paused(node, true, life)),
        Step::Resume => ("resumed", tool.set_paused(node, false, life)),
        Step::Abort => {
            let inside = (0..WATCHERS).filter(|watcher| meant(*watcher) != truth.stable);
            inside.for_each(|watcher| begin(watcher, truth.stable));
            let outcome = if by_program { tool.program("abort", node, life) } else { tool.abort(node, life) };
            ("aborted", outcome)
        }
        Step::Promote => {
            let candidate = truth.plan.as_ref().map_or(truth.stable, |plan| plan.candidate);
            let outside = (0..WATCHERS).filter(|watcher| meant(*watcher) != candidate);
            outside.for_each(|watcher| begin(watcher, candidate));
            let outcome =
                if by_program { tool.program("promote", node, life) } else { tool.promote(node, life) };
            ("promoted", outcome)
        }
    };
    let now = testbed.clock.now();
    for (stream, place) in begun {
        match outcome {
            // What the ensemble holds decides which of them counts.
            Outcome::Done => {}
            Outcome::Unknown => history.mark_unknown(stream, place),
            Outcome::Refused => history.mark_rejected(stream, place),
        }
    }
    let life = life.map_or_else(String::new, |life| format!(", dies after {} ms", life.as_millis()));
    if std::env::var_os("LD_CHAOS_STEPS").is_some() {
        println!("{:7.2} s  n{node}: {name}: {outcome:?}{life}", now.as_secs_f64());
    }
    testbed.recorder.with(|counts| {
        let name = match outcome {
            Outcome::Done => name,
            Outcome::Refused => "refused",
            Outcome::Unknown => "with an unknown outcome",
        };
        *counts.rollouts.entry(name).or_default() += 1;
    });
}

/// Reads what the ensemble holds, and notes what is meant for each host. The caller holds the lock
/// of the node. `None` if it cannot be read now.
pub(crate) fn settle(
    testbed: &Testbed,
    admins: &mut AdminPool<'_>,
    node: usize,
    known: &mut Option<String>,
) -> Option<Truth> {
    let truth = match Truth::read(admins.admin(), node) {
        Ok(truth) => truth?,
        Err(()) => {
            admins.rotate();
            return None;
        }
    };
    let now = testbed.clock.now();
    if let Some(plan) = truth.plan.as_ref().filter(|plan| known.as_ref() != Some(&plan.id)) {
        let outside = (0..WATCHERS).filter(|watcher| truth.meant(*watcher, node) != plan.candidate);
        outside.for_each(|watcher| testbed.history.reject_document(stream(watcher, node), plan.candidate));
        *known = Some(plan.id.clone());
    }
    for watcher in 0..WATCHERS {
        testbed.history.settle(stream(watcher, node), truth.meant(watcher, node), now);
    }
    Some(truth)
}

/// What each host is meant to have at the end, by watcher.
pub(crate) fn at_end(testbed: &Testbed, admins: &mut AdminPool<'_>, node: usize) -> Result<Vec<u64>, String> {
    let _lock = testbed.node_locks[node].lock().unwrap_or_else(PoisonError::into_inner);
    let mut known = None;
    let truth = admins.retry("read a rollout", |admin| {
        admin.sync()?;
        Truth::of(admin, node)
    })?;
    let truth = truth.ok_or_else(|| format!("n{node} is not what was written"))?;
    settle(testbed, admins, node, &mut known);
    Ok((0..WATCHERS).map(|watcher| truth.meant(watcher, node)).collect())
}
