//! Who is to be looked at, when, and for what reason. Pure state: no threads, no system calls.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::path::Path;
use std::sync::Weak;
use std::time::{Duration, Instant};

use super::dirs::{Dirs, Step};
use super::polled::Polled;
use super::slot::{Quiet, Slot, Stage, Writing};
use super::{Pace, WatchId, Watched};
use crate::limits::{DEFAULT_POLL_INTERVAL, MAX_UNSETTLED, REARM_AFTER};
use crate::trigger::Trigger;

/// A file to look at.
pub(super) struct Job {
    pub(super) id: WatchId,
    pub(super) watched: Weak<dyn Watched>,
    pub(super) trigger: Trigger,
}

/// How the way to a file is watched after a walk.
pub(super) struct Walked {
    pub(super) chain: Box<[Step]>,
    /// Whether it leads to the file, and does not end at something missing before.
    pub(super) complete: bool,
    pub(super) armed: bool,
}

pub(super) struct Schedule {
    pub(super) dirs: Dirs,
    slots: HashMap<WatchId, Slot>,
    next: WatchId,
    urgent: VecDeque<WatchId>,
    polls: VecDeque<WatchId>,
    timers: BinaryHeap<Reverse<(Instant, WatchId)>>,
    polled: Polled,
    pub(super) loaders: super::loaders::Count,
    stopped: bool,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self {
            dirs: Dirs::default(),
            slots: HashMap::new(),
            next: 0,
            urgent: VecDeque::new(),
            polls: VecDeque::new(),
            timers: BinaryHeap::new(),
            polled: Polled::default(),
            loaders: super::loaders::Count::default(),
            stopped: false,
        }
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Adds a file. Also says whether the clock has to be set earlier.
    pub(super) fn add(&mut self, watched: Weak<dyn Watched>, pace: Pace) -> (WatchId, bool) {
        self.next += 1;
        self.slots.insert(self.next, Slot::new(watched, pace));
        let alarm = self.poll_every(self.next, pace.poll);
        (self.next, alarm)
    }

    /// Removes a file; gives the steps whose links are to be taken away.
    pub(super) fn remove(&mut self, id: WatchId) -> Box<[Step]> {
        self.poll_every(id, None);
        self.slots.remove(&id).map(|slot| slot.chain).unwrap_or_default()
    }

    /// Whom something at `path` concerns, and whether it is the file itself that it happened to.
    pub(super) fn concerned(&self, path: &Path) -> Vec<(WatchId, bool)> {
        let mut concerned: Vec<_> = self.dirs.passing(path).map(|id| (id, false)).collect();
        if let Some((dir, name, ids)) = self.dirs.interested(path) {
            let itself = |id| self.slots.get(id).is_some_and(|slot| slot.ends_at(dir, name));
            concerned.extend(ids.iter().map(|id| (*id, itself(id))));
        }
        concerned
    }

    /// Whether a file wants events.
    pub(super) fn wants_events(&self, id: WatchId) -> bool {
        self.slots.get(&id).is_some_and(|slot| slot.pace.events)
    }

    /// Has a file polled at this interval, or not at all. True if the clock has to be set earlier.
    fn poll_every(&mut self, id: WatchId, every: Option<Duration>) -> bool {
        let Some(slot) = self.slots.get_mut(&id).filter(|slot| slot.every != every) else { return false };
        if let Some(former) = std::mem::replace(&mut slot.every, every) {
            self.polled.leave(id, former);
        }
        every.is_some_and(|every| self.polled.join(id, every))
    }

    /// Records a walk; gives the steps before it, and whether the clock has to be set earlier. A file that has
    /// no events is polled, whatever its options.
    pub(super) fn walked(&mut self, id: WatchId, walked: Walked) -> (Box<[Step]>, bool) {
        let Some(slot) = self.slots.get_mut(&id) else { return (walked.chain, false) };
        let former = std::mem::replace(&mut slot.chain, walked.chain);
        slot.complete = walked.complete;
        slot.rearm = (!walked.armed).then(|| Instant::now() + REARM_AFTER);
        let poll = slot.pace.poll;
        let every = if walked.armed {
            poll
        } else {
            Some(poll.map_or(DEFAULT_POLL_INTERVAL, |poll| poll.min(DEFAULT_POLL_INTERVAL)))
        };
        let alarm = self.poll_every(id, every);
        (former, alarm)
    }

    /// Forgets that the way to a file is watched, after a change that no event told of.
    pub(super) fn distrust(&mut self, id: WatchId) {
        if let Some(slot) = self.slots.get(&id) {
            slot.chain.iter().for_each(|step| self.dirs.kill(step.dir));
        }
    }

    /// Whether a look should try again to get events.
    pub(super) fn rearm_due(&self, id: WatchId, now: Instant) -> bool {
        self.slots.get(&id).and_then(|slot| slot.rearm).is_some_and(|at| at <= now)
    }

    /// Has a file looked at as soon as a loader is free. True if one has to be woken.
    pub(super) fn wake(&mut self, id: WatchId, trigger: Trigger) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        slot.pending.merge(trigger);
        if let Some(quiet) = slot.quiet.take() {
            slot.pending.merge(quiet.trigger);
        }
        slot.queue(id, &mut self.urgent)
    }

    /// Has a file looked at after its quiet time, because of something that happened to the file `itself` or on the
    /// way to it. True if the clock has to be set earlier.
    pub(super) fn wake_when_quiet(
        &mut self,
        id: WatchId,
        mut trigger: Trigger,
        itself: bool,
        now: Instant,
    ) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        let since = slot.quiet.map_or(now, |quiet| quiet.since);
        let due = (now + slot.pace.quiet).min(since + MAX_UNSETTLED.max(slot.pace.quiet));
        let mut writing = slot.quiet.and_then(|quiet| quiet.writing);
        if itself {
            writing = Some(Writing::go_on(writing, now, slot.pace.quiet));
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
    pub(super) fn next_alarm(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, id))) = self.timers.peek().copied() {
            match self.slots.get(&id).and_then(|slot| slot.quiet) {
                Some(quiet) if quiet.due > at => {
                    // More happened since: the timer moves instead of one being set for each event.
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
    pub(super) fn ring(&mut self, now: Instant) {
        while let Some(Reverse((_, id))) = self.timers.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.timers.pop();
            let Some(slot) = self.slots.get(&id) else { continue };
            match slot.quiet {
                Some(quiet) if quiet.due > now => self.timers.push(Reverse((quiet.due, id))),
                Some(quiet) => {
                    let settled = quiet.writing.is_some_and(|writing| writing.is_endless(slot.pace.quiet));
                    self.wake(id, Trigger { settled, ..Trigger::default() });
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

    /// Has every file that relies on events looked at: some events are lost.
    pub(super) fn wake_all(&mut self, trigger: Trigger) {
        let ids: Vec<_> = self.slots.iter().filter(|(_, slot)| slot.pace.events).map(|(id, _)| *id).collect();
        for id in ids {
            self.wake(id, trigger);
        }
    }

    pub(super) fn has_work(&self) -> bool {
        !self.urgent.is_empty() || !self.polls.is_empty()
    }

    /// The next file to look at; events come before polls.
    pub(super) fn take(&mut self) -> Option<Job> {
        while let Some(id) = self.urgent.pop_front().or_else(|| self.polls.pop_front()) {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            slot.stage = Stage::Looking;
            let trigger = std::mem::take(&mut slot.pending);
            return Some(Job { id, watched: Weak::clone(&slot.watched), trigger });
        }
        None
    }

    /// Claims a file for the calling thread, unless somebody else has it.
    pub(super) fn begin_direct(&mut self, id: WatchId) -> bool {
        match self.slots.get_mut(&id).filter(|slot| slot.stage == Stage::Idle) {
            Some(slot) => {
                slot.stage = Stage::Looking;
                true
            }
            None => false,
        }
    }

    /// Ends a look. True if more happened meanwhile and a loader has to be woken.
    pub(super) fn finish(&mut self, id: WatchId) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        slot.stage = Stage::Idle;
        slot.pending.any() && slot.queue(id, &mut self.urgent)
    }
}
