//! The log of all plans: one thread reads them from the ensemble without a pause to speak of.
//!
//! The conductors write when they like and die when they must, so neither what they say nor what
//! was asked of them tells which hosts have a candidate. Only the ensemble does. A watch would show
//! no more than these reads: it reports that something has changed, and not what was in between.
//! What can be missed between two reads is bounded by the pace of a conductor, one step a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ld_testkit::Admin;
use serde_json::Value;

use super::pace::{Around, Pace};
use super::truth::{Plan, Truth};
use crate::judge::Violation;
use crate::nodes::{History, ROLLOUTS, host_name, stream};
use crate::schedule::WATCHERS;
use crate::testbed::{REPORTS, Scope, Testbed};

/// The pause between two reads.
const PAUSE: Duration = Duration::from_millis(30);
/// The pause between two reads of the reports.
const REPORTS_PAUSE: Duration = Duration::from_millis(200);
/// A conductor changes the plan at most once in this time.
const ROUND: Duration = Duration::from_millis(800);
/// A host that has reported within this time is seen by a conductor: it passes a share only if none
/// has reported for 30 s.
const REPORTED: Duration = Duration::from_secs(25);

/// What the ensemble held when it was last read.
#[derive(Debug)]
pub(crate) struct PlanLog(Vec<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What was read, and when that read began.
    last: Option<(Truth, Duration)>,
    pace: Pace,
    /// Whether a watcher rejects what is meant for it.
    rejects: [bool; WATCHERS],
    /// When the report of each host was last read that takes part.
    reports: [Option<Duration>; WATCHERS],
    /// The last bad candidate that the node held.
    bad: Option<u64>,
    /// The newest candidate of a plan.
    newest: u64,
    /// The candidate that a tool starts now, and since when.
    starting: Option<(u64, Duration)>,
}

impl PlanLog {
    /// A log without an entry. Files of nodes with rollouts are judged as far as it goes.
    pub(crate) fn new(testbed: &Testbed) -> Self {
        for (node, watcher) in ROLLOUTS.flat_map(|node| (0..WATCHERS).map(move |it| (node, it))) {
            testbed.history.follow(stream(watcher, node));
        }
        Self(ROLLOUTS.map(|_| Mutex::default()).collect())
    }

    /// What the ensemble held at a moment after `since`, if it was read.
    pub(super) fn latest(&self, node: usize, since: Duration) -> Option<Truth> {
        let state = self.state(node);
        state.last.as_ref().filter(|(_, began)| *began > since).map(|(truth, _)| truth.clone())
    }

    /// A tool is about to start a rollout of this candidate. Nothing that is seen from now on is
    /// judged until its plan was read, or until [`PlanLog::end_start`].
    pub(super) fn begin_start(&self, node: usize, candidate: u64, now: Duration) {
        self.state(node).starting = Some((candidate, now));
    }

    /// The start is over. If its plan was never read, the tool may have started the rollout and
    /// taken it back between two reads, by a report from before.
    pub(super) fn end_start(&self, testbed: &Testbed, node: usize) {
        let Some((candidate, _)) = self.state(node).starting.take() else { return };
        if !testbed.history.is_bad(node, candidate) {
            allow_everywhere(&testbed.history, node, candidate);
        }
    }

    /// Reads plans and reports until `stop` is set.
    pub(crate) fn run(&self, testbed: &Testbed, stop: &AtomicBool) {
        let mut admins = testbed.admins();
        let mut reports_read = Duration::ZERO;
        while !stop.load(Ordering::SeqCst) {
            for node in ROLLOUTS {
                let began = testbed.clock.now();
                match Truth::read(admins.admin(), node) {
                    Ok(Some(truth)) => self.add(testbed, node, truth, began),
                    Ok(None) => {}
                    Err(()) => admins.rotate(),
                }
            }
            if testbed.clock.now() > reports_read + REPORTS_PAUSE {
                self.read_reports(testbed, admins.admin());
                reports_read = testbed.clock.now();
            }
            thread::sleep(PAUSE);
        }
    }

    fn add(&self, testbed: &Testbed, node: usize, truth: Truth, began: Duration) {
        let mut state = self.state(node);
        let now = testbed.clock.now();
        let last = state.last.take();
        let before = last.as_ref().map_or(Duration::ZERO, |(_, before)| *before);
        if let Some((last, before)) = &last {
            let is_long = now.saturating_sub(*before) > ROUND;
            add_missed(&testbed.history, node, (last, &truth), is_long.then_some(state.newest));
        }
        let candidate = truth.plan.as_ref().map(|plan| plan.candidate);
        state.newest = state.newest.max(candidate.unwrap_or_default());
        let newest = state.newest;
        state.starting = state.starting.filter(|(candidate, _)| *candidate > newest);
        let known = state.starting.map_or(began, |(_, since)| since.min(began));
        let is_bad = truth.plan.as_ref().is_some_and(|plan| testbed.history.is_bad(node, plan.candidate));
        for watcher in 0..WATCHERS {
            let meant = if is_bad { truth.stable } else { truth.meant(watcher, node) };
            testbed.history.settle(stream(watcher, node), meant, now);
            // Its file stays as it was, even if the node changes or the file is removed.
            let rejects = is_bad && truth.plan.as_ref().is_some_and(|plan| plan.includes(watcher, node));
            let scope = Scope::File(watcher, node);
            match (state.rejects[watcher], rejects) {
                (false, true) => testbed.disturbances.begin(scope),
                (true, false) => testbed.disturbances.end(scope, now),
                _ => {}
            }
            state.rejects[watcher] = rejects;
            testbed.history.set_known(stream(watcher, node), known);
        }
        if let Some(plan) = &truth.plan {
            let may_roll_back = testbed.disturbances.may_roll_back(now);
            judge(testbed, node, &mut state, plan, Around { before, now, is_bad, may_roll_back });
        }
        if testbed.history.is_bad(node, truth.stable) && state.bad.replace(truth.stable) != Some(truth.stable)
        {
            let what = format!("n{node} holds {}, which the watchers reject", truth.stable);
            testbed.recorder.violation(now, Violation::RolloutEnd, &what);
        }
        state.last = Some((truth, began));
    }

    fn read_reports(&self, testbed: &Testbed, admin: &Admin) {
        for watcher in 0..WATCHERS {
            let Ok((report, _)) = admin.get(&format!("{REPORTS}/{}", host_name(watcher))) else { continue };
            let now = testbed.clock.now();
            let Ok(report) = serde_json::from_slice::<Value>(&report) else { continue };
            for node in ROLLOUTS {
                if takes_part(&report, &format!("/n{node}")) {
                    self.state(node).reports[watcher] = Some(now);
                }
            }
        }
    }

    fn state(&self, node: usize) -> MutexGuard<'_, State> {
        self.0[node - ROLLOUTS.start].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Any watcher may show this candidate from now on.
fn allow_everywhere(history: &History, node: usize, candidate: u64) {
    let streams = (0..WATCHERS).map(|watcher| stream(watcher, node));
    streams.for_each(|stream| history.add_unknown(stream, candidate));
}

/// Allows what hosts may have been meant to have between two reads. After a long time that may be
/// the candidate of a rollout that was never read, newer than `newest`.
fn add_missed(history: &History, node: usize, (last, now): (&Truth, &Truth), newest: Option<u64>) {
    let id = |truth: &Truth| truth.plan.as_ref().map(|plan| plan.id.clone());
    if last.plan.is_some() && id(last) == id(now) {
        return;
    }
    let ended = last.plan.as_ref();
    if let Some(newest) = newest {
        let first = ended.map_or(newest + 1, |plan| plan.candidate);
        for candidate in history.good_candidates(node, first) {
            allow_everywhere(history, node, candidate);
        }
    } else if let Some(plan) = ended.filter(|plan| !history.is_bad(node, plan.candidate)) {
        // The share may have grown by one step before the end.
        let Some(next) = plan.next().filter(|_| now.stable != plan.candidate) else { return };
        let grown = (0..WATCHERS)
            .filter(|watcher| plan.has_in(next, *watcher, node) && !plan.includes(*watcher, node));
        grown.for_each(|watcher| history.add_unknown(stream(watcher, node), plan.candidate));
    }
}

fn judge(testbed: &Testbed, node: usize, state: &mut State, plan: &Plan, around: Around) {
    let reports = &state.reports;
    let is_watched = |share| {
        let has_reported = |watcher: usize| reports[watcher].is_some_and(|at| at + REPORTED > around.now);
        (0..WATCHERS).any(|watcher| plan.has_in(share, watcher, node) && has_reported(watcher))
    };
    match state.pace.see(plan, around, is_watched) {
        Ok(true) => super::count(testbed, "raised"),
        Ok(false) => {}
        Err(what) => {
            let what = format!("n{node}, candidate {}: {what}", plan.candidate);
            testbed.recorder.violation(around.now, Violation::Share, &what);
        }
    }
}

/// Whether a report says that the host takes part in rollouts of the node at `path`.
fn takes_part(report: &Value, path: &str) -> bool {
    let mut nodes = report["nodes"].as_array().into_iter().flatten();
    nodes.any(|node| node[0] == path && node[6] == true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::nodes::STREAMS;

    const NODE: usize = ROLLOUTS.start;

    fn truth(plan: Option<(&str, u64)>) -> Truth {
        let plan = plan.map(|(id, share)| Plan {
            id: id.to_owned(),
            version: 0,
            share,
            steps: vec![1, 10_000],
            soak: Duration::from_secs(1),
            is_paused: false,
            candidate: 2,
        });
        Truth { stable: 1, plan }
    }

    /// The watchers that may have had the candidate between the two reads.
    fn missed(last: &Truth, now: &Truth, newest: Option<u64>, is_bad: bool) -> usize {
        let history = History::new(STREAMS);
        history.add_candidate(NODE, 2, is_bad);
        add_missed(&history, NODE, (last, now), newest);
        (0..WATCHERS).filter(|watcher| history.was_written(stream(*watcher, NODE), 2)).count()
    }

    #[test]
    fn a_rollout_that_goes_on_hides_nothing() {
        let (small, large) = (truth(Some(("a", 1))), truth(Some(("a", 10_000))));
        assert_eq!(missed(&small, &large, None, false), 0);
        assert_eq!(missed(&small, &large, Some(2), false), 0);
        assert_eq!(missed(&truth(None), &small, None, false), 0);
    }

    #[test]
    fn the_end_of_a_rollout_may_hide_one_step() {
        let (first, none) = (truth(Some(("a", 1))), truth(None));
        assert_eq!(missed(&first, &none, None, false), WATCHERS);
        assert_eq!(missed(&first, &none, None, true), 0, "no host ever has a bad candidate");
        assert_eq!(missed(&truth(Some(("a", 10_000))), &none, None, false), 0);
    }

    #[test]
    fn a_pause_in_the_reads_may_hide_a_rollout() {
        let none = truth(None);
        assert_eq!(missed(&none, &none, None, false), 0);
        assert_eq!(missed(&none, &none, Some(0), false), WATCHERS);
        assert_eq!(missed(&none, &none, Some(0), true), 0);
        assert_eq!(missed(&none, &none, Some(2), false), 0, "its plan was read before");
    }

    #[test]
    fn a_report_names_the_nodes_that_take_part() {
        let report = json!({ "nodes": [
            ["/n3", 1, null, "current", 0, null, true],
            ["/n4", 1, null, "current", 0, null],
        ]});
        assert!(takes_part(&report, "/n3") && !takes_part(&report, "/n4") && !takes_part(&report, "/n5"));
        assert!(!takes_part(&json!(null), "/n3"));
    }
}
