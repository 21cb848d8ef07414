//! A load of what a pointer points to, while the node may change.

use std::hash::BuildHasher;
use std::pin::pin;
use std::time::Duration;

use ld_config::Guards;
use ld_file::{Disk, Filled};
use ld_zk::{NodeState, Reading};
use tokio::time::{Instant, timeout};

use super::last_load::Held;
use super::sink::{FileSink, remove_on_thread};
use super::task::Task;
use crate::loader::{Again, LoadError, Pointer};
use crate::pointer::pointer_in;
use crate::source::NodeSource;
use crate::status::State;

/// A load that takes longer than this is reported.
const LONG: Duration = Duration::from_secs(10);

/// What hardly changes by itself is tried again after this at the earliest.
const SLOW: Duration = Duration::from_secs(10);

/// The hosts of a fleet spread their next attempts over this.
const SPREAD: Duration = Duration::from_secs(5);

/// What came of waiting for a load.
enum Step {
    Loaded(Result<(), LoadError>),
    /// The load goes on.
    Goes,
    /// The node holds something else.
    Superseded,
}

impl<W: NodeSource> Task<W> {
    /// A keyed hash of a pointer.
    pub(super) fn key_of(&self, json: &str) -> u64 {
        self.shared.pointer_key.hash_one(json.as_bytes())
    }

    /// Reads the node again in the midst of a load. Returns whether it still holds the pointer. A
    /// new session or a new version of the same pointer does not end a load.
    async fn still_holds(&mut self, held: &mut Held) -> bool {
        let Reading { state, session, read_only, .. } = self.watch.read().await;
        let NodeState::Present { data, stat } = state else { return false };
        let is_same = pointer_in(&data).is_some_and(|json| self.key_of(&json) == held.key);
        if is_same && read_only == held.read_only {
            (held.stat, held.session) = (stat, session);
            return true;
        }
        false
    }

    /// Loads what a pointer points to, and has it judged by the guards. `None` if there is nothing
    /// to put in place: the reason is recorded, or the node has changed meanwhile.
    pub(super) async fn load(
        &mut self,
        disk: &Disk,
        pointer: &dyn Pointer,
        held: &mut Held,
    ) -> Option<Filled> {
        let not_before = self.last_load.as_ref().and_then(|last| last.not_before);
        if let Some(due) = not_before.filter(|due| *due > Instant::now()) {
            self.retry.read_at(due);
            return None;
        }
        let mut sink = FileSink::new(&self.node, disk, self.shared.spawner);
        let max_bytes = self.node.config.guards.max_bytes.map(|most| most as u64);
        let loaded = {
            let mut load = pin!(pointer.load(max_bytes, &mut sink));
            let mut reported = false;
            loop {
                let step = async {
                    let changed = async {
                        self.watch.changed().await;
                        self.still_holds(held).await
                    };
                    tokio::select! {
                        // The load comes first: if it ends meanwhile, the node is read afterwards.
                        biased;
                        loaded = &mut load => Step::Loaded(loaded),
                        holds = changed => if holds { Step::Goes } else { Step::Superseded },
                    }
                };
                match timeout(LONG, step).await {
                    Ok(Step::Loaded(loaded)) => break loaded,
                    Ok(Step::Goes) => {}
                    Ok(Step::Superseded) => {
                        // What was read is read again, and decided about, by the task.
                        self.watch.refresh();
                        return None;
                    }
                    Err(_) if !reported => {
                        reported = true;
                        let (what, limit) = (pointer.target(), LONG.as_secs());
                        let why = format!(
                            "{what} is being loaded for more than {limit} s; the last file stays until then"
                        );
                        self.complain(State::Failing, &why);
                    }
                    Err(_) => {}
                }
            }
        };
        let filled = match loaded {
            Ok(()) => sink.finish().await,
            Err(error) => Err(error),
        };
        match filled {
            Ok(filled) => self.accept_load(disk, filled).await,
            Err(error) => {
                self.fail_load(&error);
                None
            }
        }
    }

    async fn accept_load(&mut self, disk: &Disk, filled: Filled) -> Option<Filled> {
        if self.node.config.guards == Guards::default() {
            return Some(filled);
        }
        let (filled, verdict) = self.check_load(disk, filled).await?;
        match verdict {
            Ok(()) => Some(filled),
            Err(verdict) => {
                remove_on_thread(self.shared.spawner, filled);
                self.reject(&verdict);
                self.wait_before_next_load();
                None
            }
        }
    }

    fn fail_load(&mut self, error: &LoadError) {
        let why = format!("{error}; the last file stays");
        match error.again {
            Again::Never => self.reject_pointer(&error.to_string()),
            Again::Soon => self.fail(&why, None),
            Again::Slowly => {
                self.fail(&why, None);
                self.wait_before_next_load();
            }
        }
    }

    /// Puts off the next load of the same pointer, if one is due.
    pub(super) fn wait_before_next_load(&mut self) {
        if self.retry.due.is_none() {
            return;
        }
        let due = Instant::now() + SLOW + SPREAD.mul_f64(fastrand::f64());
        self.retry.read_at(due);
        if let Some(last) = &mut self.last_load {
            last.not_before = Some(due);
        }
    }
}
