//! The checks that run, so that they can be ended: a check would outlive the process that started
//! it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use tokio::sync::watch;

use super::session::{kill_group, kill_session};

/// The checks that run for one owner, which ends them before it ends itself. Clones are handles to
/// the same checks.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    state: watch::Sender<State>,
    /// Programs that were warned of.
    warned: Arc<Mutex<HashSet<PathBuf>>>,
}

#[derive(Debug, Default)]
struct State {
    ended: bool,
    /// Each check counts from before its file is written until after that is removed.
    active: usize,
    /// The leaders of their sessions. None is reaped while it is listed here, so that no id names
    /// another process.
    leaders: Vec<Pid>,
}

impl Checks {
    /// Kills the checks that run, each with its whole session, and begins no more. Waits until they
    /// and their files are gone, at most `limit`, and returns whether they are. Needs a tokio
    /// runtime with time.
    ///
    /// Cancel-safe: no check begins after the first poll, and those that ran are killed.
    pub async fn end(&self, limit: Duration) -> bool {
        self.kill();
        let mut state = self.state.subscribe();
        tokio::time::timeout(limit, state.wait_for(|state| state.active == 0)).await.is_ok()
    }

    /// Kills them and begins no more, without a wait. The threads that run them see to the rest of
    /// their sessions.
    pub fn kill(&self) {
        self.state.send_modify(|state| {
            state.ended = true;
            state.leaders.iter().copied().for_each(kill_group);
        });
    }

    /// Whether `program` was not warned of yet; it counts as warned of then.
    pub(super) fn is_first_warning(&self, program: &Path) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.insert(program.to_owned())
    }

    /// Counts one more, unless all are ended.
    pub(super) fn begin(&self) -> Option<ActiveCheck<'_>> {
        let begun = self.state.send_if_modified(|state| {
            state.active += usize::from(!state.ended);
            !state.ended
        });
        // Made only if it counts: its end is counted, too.
        begun.then(|| ActiveCheck { checks: self })
    }
}

/// A check that has begun, whether or not its program runs.
#[derive(Debug)]
pub(super) struct ActiveCheck<'a> {
    checks: &'a Checks,
}

impl ActiveCheck<'_> {
    /// Whether all checks are ended, so that nothing follows from how this one went.
    pub(super) fn is_ended(&self) -> bool {
        self.checks.state.borrow().ended
    }

    /// Takes charge of the session that `leader` leads. The leader must not be reaped before the
    /// session is dropped.
    pub(super) fn session(&self, leader: Pid) -> Session<'_> {
        self.checks.state.send_modify(|state| {
            state.leaders.push(leader);
            // The end came while the program was being started.
            if state.ended {
                kill_group(leader);
            }
        });
        Session { checks: self.checks, leader }
    }
}

impl Drop for ActiveCheck<'_> {
    fn drop(&mut self) {
        self.checks.state.send_modify(|state| state.active -= 1);
    }
}

/// A session: all of it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Session<'a> {
    checks: &'a Checks,
    pub(super) leader: Pid,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        kill_session(self.leader);
        self.checks.state.send_modify(|state| state.leaders.retain(|leader| *leader != self.leader));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;
    use std::sync::Arc;

    use super::*;
    use crate::Error;
    use crate::tests::{Place, wait_until, wait_until_gone};

    #[tokio::test]
    async fn an_ended_check_is_gone_with_its_children_and_file() {
        let place = Place::new();
        let marker = place.path("grandchild");
        let shown = marker.display();
        let guards = place
            .check(&format!("#!/bin/sh\nsleep 60 &\necho $! > {shown}.new\nmv {shown}.new {shown}\nwait\n"));
        let checks = Checks::default();
        let (place, ours) = (Arc::new(place), checks.clone());
        let its_place = Arc::clone(&place);
        let judged = tokio::task::spawn_blocking(move || its_place.judge_by(&guards, b"x", &ours));
        wait_until("the grandchild", || marker.exists());
        assert_eq!(place.files(), 1);

        assert!(checks.end(Duration::from_secs(10)).await);
        assert_eq!(place.files(), 0);
        assert!(matches!(judged.await.unwrap(), Err(Error::Interrupted)));
        wait_until_gone(std::fs::read_to_string(marker).unwrap().trim().parse().unwrap());
    }

    #[test]
    fn no_program_is_started_after_the_end() {
        let place = Place::new();
        let marker = place.path("started");
        let guards = place.check(&format!("#!/bin/sh\ntouch {}\n", marker.display()));
        let checks = Checks::default();
        checks.kill();
        let verdict = place.judge_by(&guards, b"x", &checks);
        assert!(matches!(verdict, Err(Error::Interrupted)) && !marker.exists());
    }

    #[test]
    fn a_program_that_starts_while_the_end_comes_is_killed() {
        let checks = Checks::default();
        let active = checks.begin().unwrap();
        checks.kill();
        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        // Dropped, it would kill by itself.
        std::mem::forget(active.session(Pid::from_child(&child)));
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_within_its_limit_and_lets_nothing_begin() {
        let checks = Checks::default();
        let active = checks.begin().unwrap();
        assert!(!active.is_ended());
        assert!(!checks.clone().end(Duration::from_secs(1)).await);
        assert!(active.is_ended() && checks.begin().is_none());
        drop(active);
        assert!(checks.end(Duration::ZERO).await);
    }
}
