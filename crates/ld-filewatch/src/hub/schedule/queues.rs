//! Which files are checked next, when, and why. Pure state: no threads, no system calls.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::path::Path;
use std::sync::Weak;
use std::time::{Duration, Instant};

use super::dirs::{Dirs, Step};
use super::loader_count::LoaderCount;
use super::polled::Polled;
use super::slot::{Quiet, Slot, Stage, Writing};
use crate::check::trigger::Trigger;
use crate::hub::watched::{Timing, WatchId, Watched};
use crate::limits::{DEFAULT_POLL_INTERVAL, MAX_UNSETTLED, RETRY_WATCHES_AFTER};

/// A file to check.
pub(crate) struct Job {
    pub(crate) id: WatchId,
    pub(crate) watched: Weak<dyn Watched>,
    pub(crate) trigger: Trigger,
}

/// The watched path to a file after a walk.
pub(crate) struct Walked {
    pub(crate) chain: Box<[Step]>,
    /// Whether it leads to the file and does not end at something missing before.
    pub(crate) complete: bool,
    /// Whether events arrive for every step.
    pub(crate) watches_set: bool,
}

#[derive(Default)]
pub(crate) struct Schedule {
    pub(crate) dirs: Dirs,
    slots: HashMap<WatchId, Slot>,
    next: WatchId,
    urgent: VecDeque<WatchId>,
    polls: VecDeque<WatchId>,
    timers: BinaryHeap<Reverse<(Instant, WatchId)>>,
    polled: Polled,
    pub(crate) loaders: LoaderCount,
    stopped: bool,
}

impl Schedule {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Adds a file, claimed for the calling thread. Also returns whether an earlier timer was set.
    pub(crate) fn add(&mut self, watched: Weak<dyn Watched>, timing: Timing) -> (WatchId, bool) {
        self.next += 1;
        self.slots.insert(self.next, Slot::new(watched, timing));
        let alarm = self.poll_every(self.next, timing.poll);
        (self.next, alarm)
    }

    /// Removes a file; returns its steps: their links must be removed.
    pub(crate) fn remove(&mut self, id: WatchId) -> Box<[Step]> {
        self.poll_every(id, None);
        self.slots.remove(&id).map(|slot| slot.chain).unwrap_or_default()
    }

    /// The files that an event at `path` affects, and whether it happened to the file itself.
    pub(crate) fn affected(&self, path: &Path) -> Vec<(WatchId, bool)> {
        let mut affected: Vec<_> = self.dirs.users_of_directory(path).map(|id| (id, false)).collect();
        if let Some((dir, name, ids)) = self.dirs.users_of_name(path) {
            let itself = |id| self.slots.get(id).is_some_and(|slot| slot.ends_at(dir, name));
            affected.extend(ids.iter().map(|id| (*id, itself(id))));
        }
        // Files may be written one after another, so that no event of one settles the whole.
        affected.extend(self.dirs.users_of_entry(path).iter().map(|id| (*id, false)));
        affected
    }

    /// Whether a file's options ask for events.
    pub(crate) fn wants_events(&self, id: WatchId) -> bool {
        self.slots.get(&id).is_some_and(|slot| slot.timing.events)
    }

    /// Sets a file's poll interval. True if an earlier timer was set.
    fn poll_every(&mut self, id: WatchId, every: Option<Duration>) -> bool {
        let Some(slot) = self.slots.get_mut(&id).filter(|slot| slot.every != every) else { return false };
        if let Some(former) = std::mem::replace(&mut slot.every, every) {
            self.polled.leave(id, former);
        }
        every.is_some_and(|every| self.polled.join(id, every))
    }

    /// Records a walk; returns the former steps, and whether an earlier timer was set. A file
    /// without events is polled, whatever its options.
    pub(crate) fn walked(&mut self, id: WatchId, walked: Walked) -> (Box<[Step]>, bool) {
        let Some(slot) = self.slots.get_mut(&id) else { return (walked.chain, false) };
        let former = std::mem::replace(&mut slot.chain, walked.chain);
        slot.complete = walked.complete;
        slot.retry_watches = (!walked.watches_set).then(|| Instant::now() + RETRY_WATCHES_AFTER);
        let poll = slot.timing.poll;
        let every = if walked.watches_set {
            poll
        } else {
            Some(poll.map_or(DEFAULT_POLL_INTERVAL, |poll| poll.min(DEFAULT_POLL_INTERVAL)))
        };
        let alarm = self.poll_every(id, every);
        (former, alarm)
    }

    /// Invalidates all watches on the path to a file, after a change without an event.
    pub(crate) fn invalidate_chain(&mut self, id: WatchId) {
        if let Some(slot) = self.slots.get(&id) {
            slot.chain.iter().for_each(|step| self.dirs.invalidate(step.dir));
        }
    }

    /// Whether a check should try again to set the file's watches.
    pub(crate) fn watches_due(&self, id: WatchId, now: Instant) -> bool {
        self.slots.get(&id).and_then(|slot| slot.retry_watches).is_some_and(|at| at <= now)
    }

    /// Queues a check as soon as a loader is free. True if a loader must be woken.
    pub(crate) fn queue_now(&mut self, id: WatchId, trigger: Trigger) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        slot.pending.merge(trigger);
        if let Some(quiet) = slot.quiet.take() {
            slot.pending.merge(quiet.trigger);
        }
        slot.queue(id, &mut self.urgent)
    }

    /// Queues a check after the file's quiet time, because of something that happened to the file
    /// `itself` or on the path to it. True if an earlier timer was set.
    pub(crate) fn queue_when_quiet(
        &mut self,
        id: WatchId,
        mut trigger: Trigger,
        itself: bool,
        now: Instant,
    ) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        let since = slot.quiet.map_or(now, |quiet| quiet.since);
        let due = (now + slot.timing.quiet).min(since + MAX_UNSETTLED.max(slot.timing.quiet));
        let mut writing = slot.quiet.and_then(|quiet| quiet.writing);
        if itself {
            writing = Some(Writing::extend(writing, now, slot.timing.quiet));
        }
        if let Some(quiet) = slot.quiet {
            trigger.merge(quiet.trigger);
        }
        let first = slot.quiet.replace(Quiet { due, since, trigger, writing }).is_none();
        if first {
            self.timers.push(Reverse((due, id)));
        }
        first
    }

    /// When the clock has something to do.
    pub(crate) fn next_alarm(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, id))) = self.timers.peek().copied() {
            match self.slots.get(&id).and_then(|slot| slot.quiet) {
                Some(quiet) if quiet.due > at => {
                    // More events came since: the timer moves; there is not one for each event.
                    self.timers.pop();
                    self.timers.push(Reverse((quiet.due, id)));
                }
                Some(_) => break,
                None => {
                    self.timers.pop();
                }
            }
        }
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        let poll = self.polled.next();
        [timer, poll, self.loaders.grow_at].into_iter().flatten().min()
    }

    /// Queues everything that is due.
    pub(crate) fn queue_due(&mut self, now: Instant) {
        while let Some(Reverse((_, id))) = self.timers.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.timers.pop();
            let Some(slot) = self.slots.get(&id) else { continue };
            match slot.quiet {
                Some(quiet) if quiet.due > now => self.timers.push(Reverse((quiet.due, id))),
                Some(quiet) => {
                    let settled = quiet.writing.is_some_and(|writing| writing.is_endless(slot.timing.quiet));
                    self.queue_now(id, Trigger { settled, ..Trigger::default() });
                }
                None => {}
            }
        }
        for id in self.polled.due(now) {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            if slot.stage == Stage::Idle && slot.quiet.is_none() {
                slot.pending.poll = true;
                slot.queue(id, &mut self.polls);
            }
        }
    }

    /// Queues every file that relies on events, after events were lost.
    pub(crate) fn queue_all(&mut self, trigger: Trigger) {
        let events = self.slots.iter().filter(|(_, slot)| slot.timing.events);
        for id in events.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.queue_now(id, trigger);
        }
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.urgent.is_empty() || !self.polls.is_empty()
    }

    /// Claims the next file; events come before polls.
    pub(crate) fn next_job(&mut self) -> Option<Job> {
        while let Some(id) = self.urgent.pop_front().or_else(|| self.polls.pop_front()) {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            slot.stage = Stage::Checking;
            let trigger = std::mem::take(&mut slot.pending);
            return Some(Job { id, watched: Weak::clone(&slot.watched), trigger });
        }
        None
    }

    /// Claims an idle file for the calling thread.
    pub(crate) fn claim(&mut self, id: WatchId) -> bool {
        let Some(slot) = self.slots.get_mut(&id).filter(|slot| slot.stage == Stage::Idle) else {
            return false;
        };
        slot.stage = Stage::Checking;
        true
    }

    /// Ends a claim. True if more happened meanwhile and a loader must be woken.
    pub(crate) fn release(&mut self, id: WatchId) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        slot.stage = Stage::Idle;
        slot.pending.any() && slot.queue(id, &mut self.urgent)
    }
}
