//! All hooks: which node has which, and the task that follows the nodes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::NodeConfig;
use ld_program::Programs;
use ld_sync::{Changes, Status};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::event::{Event, Kind, Subject};
use crate::runner::{Runner, Shared};
use crate::runs::Runs;
use crate::seen::Seen;

/// The most hooks that run at a time; others wait. A hook that hangs keeps one of them until it is
/// killed.
const AT_A_TIME: usize = 64;

/// Killed programs are gone within this, unless the system keeps them.
const KILL_LIMIT: Duration = Duration::from_millis(500);

/// The hooks of the nodes of one engine. Dropping it kills the programs that run.
#[derive(Debug)]
pub struct Hooks {
    table: Arc<Mutex<Table>>,
    shared: Shared,
    /// Follows the nodes.
    follower: Option<AbortHandle>,
    /// The states of all nodes when they were last looked at.
    before: Vec<Status>,
}

/// Which hook of which node runs.
#[derive(Debug, Default)]
struct Table {
    nodes: HashMap<String, Member>,
    /// By the name of the hook.
    runners: HashMap<String, Runner>,
    /// Of hooks that were removed while they ran: one that comes back waits for its former run.
    removed: HashMap<String, BoundedCalls>,
    seen: Seen,
    /// Counts the followers: a former one must change nothing.
    round: u64,
}

/// A node that has a hook.
#[derive(Debug)]
struct Member {
    subject: Arc<Subject>,
    hook: String,
    on_start: bool,
}

impl Default for Hooks {
    fn default() -> Self {
        let slots = Arc::new(Semaphore::new(AT_A_TIME));
        let shared =
            Shared { spawner: Spawner::Threads, programs: Programs::default(), slots, runs: Runs::default() };
        Self { table: Arc::default(), shared, follower: None, before: Vec::new() }
    }
}

impl Hooks {
    /// Runs the hooks of these nodes, and no others, from now on. Without one it does nothing, at
    /// no cost. Needs a tokio runtime with time.
    ///
    /// `changes` are those of the engine that follows the nodes. A hook that stays as it is goes
    /// on; one that was given up is run again. One that is changed runs for the change for which
    /// the former one had not succeeded.
    pub fn follow(&mut self, nodes: &[NodeConfig], mut changes: Changes) {
        self.pause(Vec::new());
        let before = std::mem::take(&mut self.before);
        let mut table = self.table();
        table.set(nodes, &self.shared);
        before.iter().for_each(|status| table.accept(status));
        let (round, is_empty) = (table.round, table.nodes.is_empty());
        drop(table);
        if is_empty {
            return;
        }
        let table = Arc::clone(&self.table);
        let follow = async move {
            while let Some(statuses) = changes.next().await {
                let mut table = lock(&table);
                if table.round != round {
                    return;
                }
                statuses.iter().for_each(|status| table.take(status));
            }
        };
        self.follower = Some(tokio::spawn(follow).abort_handle());
    }

    /// Looks at no node until [`follow`](Self::follow) is called again: to be called before the
    /// engine of the nodes is changed, or after it was ended. Programs that run go on.
    ///
    /// `last` are the states of all nodes. What happened until then to a node that had a hook is
    /// not lost. What happened to one that had none is no news. Without hooks it
    /// may be empty.
    pub fn pause(&mut self, last: Vec<Status>) {
        if let Some(follower) = self.follower.take() {
            follower.abort();
        }
        let mut table = self.table();
        // The follower may be at work on another thread.
        table.round += 1;
        last.iter().for_each(|status| table.take(status));
        drop(table);
        if !last.is_empty() {
            self.before = last;
        }
    }

    /// How often the hooks ran.
    pub fn runs(&self) -> Runs {
        self.shared.runs.clone()
    }

    /// Runs nothing more, and waits for the programs that run: they get `grace`, and are killed
    /// then. Returns whether all of them ended.
    pub async fn end(&mut self, grace: Duration) -> bool {
        self.stop();
        self.shared.programs.finish(grace, KILL_LIMIT).await
    }

    fn stop(&mut self) {
        self.pause(Vec::new());
        self.table().runners.clear();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.stop();
        self.shared.programs.kill();
    }
}

impl Table {
    /// Looks at a state, and hands the event that follows from it to the hook.
    fn take(&mut self, status: &Status) {
        let Some(member) = self.nodes.get(&status.name) else { return };
        let Some(kind) = self.seen.observe(&status.name, status.into()) else { return };
        if kind == Kind::Start && !member.on_start {
            return;
        }
        let event = Event { kind, subject: Arc::clone(&member.subject), mzxid: status.mzxid };
        if let Some(runner) = self.runners.get(&member.hook) {
            runner.push(event);
        }
    }

    /// Takes the state of a node as seen if its hook is new.
    fn accept(&mut self, status: &Status) {
        if self.nodes.contains_key(&status.name) {
            self.seen.accept(&status.name, status.into());
        }
    }

    fn set(&mut self, nodes: &[NodeConfig], shared: &Shared) {
        self.nodes.clear();
        let mut former = std::mem::take(&mut self.runners);
        for node in nodes {
            let Some(hook) = node.active_hook() else { continue };
            let name = match &hook.group {
                Some(group) => format!("hook_group {group}"),
                None => format!("nodes.{}", node.name),
            };
            self.runners.entry(name.clone()).or_insert_with(|| match former.remove(&name) {
                Some(runner) if runner.hook == *hook => {
                    runner.run_again_if_given_up();
                    runner
                }
                former => Runner::start(&name, hook.clone(), shared, former, self.removed.remove(&name)),
            });
            let subject = Arc::new(Subject::new(node));
            self.nodes.insert(node.name.clone(), Member { subject, hook: name, on_start: hook.on_start });
        }
        self.removed.extend(former.iter().map(|(name, runner)| (name.clone(), runner.calls())));
        self.removed.retain(|_, calls| calls.oldest().is_some());
        self.seen.begin_again(|name| self.nodes.contains_key(name));
        shared.runs.keep(self.nodes.iter().map(|(name, member)| (name.as_str(), member.hook.as_str())));
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
