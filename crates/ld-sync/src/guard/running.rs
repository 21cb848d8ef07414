//! The checks that run, so that they can be ended: a check outlives whoever started it.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::watch;

/// The checks that run for one owner, who ends them before it ends itself. Clones are handles to the same checks.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct State {
    ended: bool,
    /// Each counts from before its candidate is written until after that is removed.
    in_hand: usize,
    /// The leaders of their process groups. None is reaped while it stands here, so that no id is somebody else's.
    groups: Vec<Pid>,
}

impl Checks {
    /// Kills the checks that run, each with its whole process group, and begins no more. Waits until they and their candidates
    /// are gone, at most `limit`, and returns whether they are. Needs a tokio runtime with time.
    pub async fn end(&self, limit: Duration) -> bool {
        self.kill();
        let mut state = self.state.subscribe();
        tokio::time::timeout(limit, state.wait_for(|state| state.in_hand == 0)).await.is_ok()
    }

    /// Kills them, without a wait. They are left by the threads that run them.
    pub(crate) fn kill(&self) {
        self.state.send_modify(|state| {
            state.ended = true;
            state.groups.iter().copied().for_each(kill_group);
        });
    }

    /// Counts one more, unless all are ended.
    pub(super) fn begin(&self) -> Option<InHand<'_>> {
        let begun = self.state.send_if_modified(|state| {
            state.in_hand += usize::from(!state.ended);
            !state.ended
        });
        // Made only if it counts: its end is counted, too.
        begun.then(|| InHand { checks: self })
    }
}

/// A check in hand, whether or not its program runs.
#[derive(Debug)]
pub(super) struct InHand<'a> {
    checks: &'a Checks,
}

impl InHand<'_> {
    /// Whether all checks are ended, so that nothing follows from how this one went.
    pub(super) fn is_ended(&self) -> bool {
        self.checks.state.borrow().ended
    }

    /// Takes charge of the group that `leader` leads. The leader must not be reaped before the group is dropped.
    pub(super) fn group(&self, leader: Pid) -> Group<'_> {
        self.checks.state.send_modify(|state| {
            state.groups.push(leader);
            // The end came while the program was being started.
            if state.ended {
                kill_group(leader);
            }
        });
        Group { checks: self.checks, leader }
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.checks.state.send_modify(|state| state.in_hand -= 1);
    }
}

/// A process group: all of it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Group<'a> {
    checks: &'a Checks,
    pub(super) leader: Pid,
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        self.checks.state.send_modify(|state| {
            kill_group(self.leader);
            state.groups.retain(|leader| *leader != self.leader);
        });
    }
}

/// A group that is gone already is no error.
fn kill_group(leader: Pid) {
    let _ = kill_process_group(leader, Signal::KILL);
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    use super::*;
    use crate::guard::tests::{Place, wait_until, wait_until_gone};
    use crate::guard::{Verdict, judge};

    #[tokio::test]
    async fn a_check_that_is_ended_is_gone_with_all_that_it_started_and_its_candidate() {
        let place = Place::new();
        let marker = place.path("grandchild");
        let shown = marker.display();
        let guards = place
            .check(&format!("#!/bin/sh\nsleep 60 &\necho $! > {shown}.new\nmv {shown}.new {shown}\nwait\n"));
        let checks = Checks::default();
        let (target, ours) = (place.target(), checks.clone());
        let judged = tokio::task::spawn_blocking(move || judge(&guards, &target, b"x", &ours));
        wait_until("the grandchild", || marker.exists());
        assert_eq!(place.candidates(), 1);

        assert!(checks.end(Duration::from_secs(10)).await);
        assert_eq!(place.candidates(), 0);
        assert!(matches!(judged.await.unwrap(), Err(Verdict::Interrupted)));
        wait_until_gone(std::fs::read_to_string(marker).unwrap().trim().parse().unwrap());
    }

    #[test]
    fn no_program_is_started_after_the_end() {
        let place = Place::new();
        let marker = place.path("started");
        let guards = place.check(&format!("#!/bin/sh\ntouch {}\n", marker.display()));
        let checks = Checks::default();
        checks.kill();
        let verdict = judge(&guards, &place.target(), b"x", &checks);
        assert!(matches!(verdict, Err(Verdict::Interrupted)) && !marker.exists());
    }

    #[test]
    fn a_program_that_was_being_started_when_the_end_came_is_killed() {
        let checks = Checks::default();
        let in_hand = checks.begin().unwrap();
        checks.kill();
        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        // Dropped, it would kill by itself.
        std::mem::forget(in_hand.group(Pid::from_child(&child)));
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_for_what_is_in_hand_within_its_limit_and_lets_nothing_begin() {
        let checks = Checks::default();
        let in_hand = checks.begin().unwrap();
        assert!(!in_hand.is_ended());
        assert!(!checks.clone().end(Duration::from_secs(1)).await);
        assert!(in_hand.is_ended() && checks.begin().is_none());
        drop(in_hand);
        assert!(checks.end(Duration::ZERO).await);
    }
}
