//! How conductors end, and the last rollout with them.

use std::time::Duration;

use super::conductor::Conductor;
use super::{Fate, Rollouts, count};
use crate::judge::{CONVERGENCE_LIMIT, Violation};
use crate::nodes::host_name;
use crate::schedule::WATCHERS;

/// Limit for the last rollout to end, once all faults are healed: a share without hosts takes 30 s.
const FINISH_LIMIT: Duration = Duration::from_secs(120);
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// A killed or ended conductor has its output read within this time.
const END_LIMIT: Duration = Duration::from_secs(5);
/// The exit code of a conductor that has taken the candidate back.
const TAKEN_BACK: i32 = 4;

impl Rollouts<'_> {
    /// Kills and thaws conductors when their time has come, and judges those that have ended.
    pub(super) fn tend(&mut self) {
        let now = self.testbed.clock.now();
        for conductor in &mut self.conductors {
            if conductor.dies_at.is_some_and(|at| at < now) && conductor.program.is_running() {
                conductor.program.kill();
                count(self.testbed, "killed conductors");
            }
            if conductor.frozen_until.is_some_and(|until| until < now) {
                conductor.program.thaw();
                conductor.frozen_until = None;
            }
        }
        let conductors = std::mem::take(&mut self.conductors);
        for conductor in conductors {
            if conductor.program.is_running() {
                self.conductors.push(conductor);
            } else {
                self.judge(&conductor);
            }
        }
    }

    fn judge(&self, conductor: &Conductor) {
        let code = conductor.program.wait(END_LIMIT).code();
        let says = conductor.program.stderr();
        let last = says.lines().last().unwrap_or_default();
        self.say("a conductor ended", &format!(" with {code:?}: {last}"));
        match code {
            Some(0) if self.conducts() => count(self.testbed, "promoted"),
            Some(TAKEN_BACK) if self.testbed.history.is_bad(self.node, conductor.candidate) => {
                count(self.testbed, "taken back");
            }
            Some(TAKEN_BACK) => {
                count(self.testbed, "taken back for a host");
                if !self.had_cause(last) && !self.was_written(conductor.candidate, last) {
                    let what = format!(
                        "n{}, candidate {}, which is good, was taken back without a fault of the host: {last}",
                        self.node, conductor.candidate
                    );
                    self.testbed.recorder.violation(self.testbed.clock.now(), Violation::RolloutEnd, &what);
                }
            }
            _ => {}
        }
    }

    /// Whether the host that the conductor names has or had a fault of late.
    fn had_cause(&self, reason: &str) -> bool {
        let now = self.testbed.clock.now();
        let is_disturbed = |watcher: usize| {
            let since = self.testbed.disturbances.undisturbed_since(watcher, self.node);
            since.is_none_or(|since| since + CONVERGENCE_LIMIT > now)
        };
        (0..WATCHERS).any(|it| reason.contains(&format!("{}: ", host_name(it))) && is_disturbed(it))
    }

    /// Whether the conductor says that the node was written after the candidate, and that is so.
    fn was_written(&self, candidate: u64, reason: &str) -> bool {
        let latest = self.log.latest(self.node, Duration::ZERO);
        let is_newer = latest.is_some_and(|truth| truth.stable > candidate);
        is_newer && reason.contains("was changed since the rollout started")
    }

    /// Conducts the last rollout to its end, once all faults are healed.
    pub(super) fn finish(&mut self) {
        let testbed = self.testbed;
        if !self.conducts() || !testbed.watcher.reports() {
            return;
        }
        testbed.wait_until_right(CONVERGENCE_LIMIT);
        self.tend();
        self.conductors.drain(..).for_each(|conductor| conductor.program.kill());
        let start = testbed.clock.now();
        while !testbed.recorder.should_stop() {
            self.tend();
            match self.log.latest(self.node, start.max(self.acted)) {
                Some(truth) => match &truth.plan {
                    None if self.conductors.is_empty() => return,
                    // They see at their next look that there is no rollout.
                    None => {}
                    Some(plan) if testbed.clock.now() > start + FINISH_LIMIT => {
                        let (node, candidate) = (self.node, plan.candidate);
                        let said = self.conductors.iter().map(|it| it.program.stderr()).collect::<String>();
                        let what = format!("n{node}: the rollout of {candidate} does not end; {said}");
                        testbed.recorder.violation(testbed.clock.now(), Violation::RolloutEnd, &what);
                        return;
                    }
                    // It cannot be promoted after the node was written.
                    Some(plan) if truth.stable > plan.candidate => self.step(Fate::Abort),
                    Some(plan) if self.conductors.is_empty() || plan.is_paused => {
                        self.resume(plan.candidate);
                        self.acted = testbed.clock.now();
                    }
                    Some(_) => {}
                },
                None if testbed.clock.now() > start + FINISH_LIMIT => {
                    return testbed.recorder.obstacle(format!("n{} cannot be read at the end", self.node));
                }
                None => {}
            }
            testbed.pause(LOOK_PAUSE);
        }
    }
}
