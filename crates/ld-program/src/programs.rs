//! The programs that run, so that they can be ended: a program would outlive the process that
//! started it.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use tokio::sync::watch;
use tracing::warn;

use crate::session::{kill_group, kill_session};

/// The programs that run for one owner, which ends them before it ends itself. Clones are handles
/// to the same programs.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    state: watch::Sender<State>,
    /// The warnings that were logged.
    warned: Arc<Mutex<HashSet<String>>>,
}

#[derive(Debug, Default)]
struct State {
    /// None begins any more.
    closed: bool,
    /// Those that run are killed, and those that start are, too.
    killed: bool,
    /// Each counts from [`Programs::begin`] until its [`Active`] is dropped.
    active: usize,
    /// The leaders of their sessions. None is reaped while it is listed here, so that no id names
    /// another process.
    leaders: Vec<Pid>,
}

impl Programs {
    /// Kills the programs that run, each with its whole session, and begins no more. Waits until
    /// all are gone, at most `limit`, and returns whether they are. Needs a tokio runtime with
    /// time.
    ///
    /// Cancel-safe: none begins after the first poll, and those that ran are killed.
    pub async fn end(&self, limit: Duration) -> bool {
        self.kill();
        self.wait(limit).await
    }

    /// The same, but gives those that run `grace` to end by themselves.
    ///
    /// Cancel-safe in the same way, except that a program may still run.
    pub async fn finish(&self, grace: Duration, limit: Duration) -> bool {
        self.state.send_modify(|state| state.closed = true);
        self.wait(grace).await || self.end(limit).await
    }

    /// Kills them and begins no more, without a wait. The threads that run them see to the rest of
    /// their sessions.
    pub fn kill(&self) {
        self.state.send_modify(|state| {
            (state.closed, state.killed) = (true, true);
            state.leaders.iter().copied().for_each(kill_group);
        });
    }

    /// Warns once of a program that others may change or replace: it runs with all that its owner
    /// has. `what` names it, as in "the check /bin/x". Blocks on a file system that hangs.
    pub fn warn_of_writers(&self, program: &Path, what: impl fmt::Display) {
        // What cannot be looked at cannot be run either, which says why.
        let Ok(found) = std::fs::metadata(program) else { return };
        for reason in ld_config::who_may_change(program, &found) {
            self.warn_once(format!("{what}: {reason}"));
        }
    }

    /// Logs a warning unless it was logged before.
    pub fn warn_once(&self, warning: String) {
        let is_first = self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(warning.clone());
        if is_first {
            warn!("{warning}");
        }
    }

    /// Counts one more, unless all are ended.
    pub fn begin(&self) -> Option<Active<'_>> {
        let begun = self.state.send_if_modified(|state| {
            state.active += usize::from(!state.closed);
            !state.closed
        });
        // Made only if it counts: its end is counted, too.
        begun.then(|| Active { programs: self })
    }

    async fn wait(&self, limit: Duration) -> bool {
        let mut state = self.state.subscribe();
        tokio::time::timeout(limit, state.wait_for(|state| state.active == 0)).await.is_ok()
    }
}

/// A program that has begun, whether or not it runs yet.
#[derive(Debug)]
pub struct Active<'a> {
    programs: &'a Programs,
}

impl Active<'_> {
    /// Whether all programs are killed, so that nothing follows from how this one went.
    pub fn is_killed(&self) -> bool {
        self.programs.state.borrow().killed
    }

    /// Takes charge of the session that `leader` leads. The leader must not be reaped before the
    /// session is dropped.
    pub(crate) fn session(&self, leader: Pid) -> Session<'_> {
        self.programs.state.send_modify(|state| {
            state.leaders.push(leader);
            // The end came while the program was being started.
            if state.killed {
                kill_group(leader);
            }
        });
        Session { programs: self.programs, leader }
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.programs.state.send_modify(|state| state.active -= 1);
    }
}

/// A session: all of it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    programs: &'a Programs,
    pub(crate) leader: Pid,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        kill_session(self.leader);
        self.programs.state.send_modify(|state| state.leaders.retain(|leader| *leader != self.leader));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    use super::*;

    #[test]
    fn a_program_that_starts_while_the_end_comes_is_killed() {
        let programs = Programs::default();
        let active = programs.begin().unwrap();
        programs.kill();
        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        // Dropped, it would kill by itself.
        std::mem::forget(active.session(Pid::from_child(&child)));
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_within_its_limit_and_lets_nothing_begin() {
        let programs = Programs::default();
        let active = programs.begin().unwrap();
        assert!(!active.is_killed());
        assert!(!programs.clone().end(Duration::from_secs(1)).await);
        assert!(active.is_killed() && programs.begin().is_none());
        drop(active);
        assert!(programs.end(Duration::ZERO).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_finish_gives_time_and_lets_nothing_begin() {
        let programs = Programs::default();
        let active = programs.begin().unwrap();
        let finishing = programs.finish(Duration::from_secs(5), Duration::ZERO);
        let (finished, ()) = tokio::join!(finishing, async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert!(programs.begin().is_none());
            drop(active);
        });
        assert!(finished);
    }
}
