//! Which files are polled and how often. All files of one interval are polled together, so that an
//! idle process is woken once an interval and not once a file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::hub::watched::WatchId;

#[derive(Default)]
pub(crate) struct Polled(BTreeMap<Duration, Group>);

struct Group {
    next: Instant,
    members: BTreeSet<WatchId>,
}

impl Polled {
    /// True if this is the first file of its interval.
    pub(crate) fn join(&mut self, id: WatchId, every: Duration) -> bool {
        let mut first = false;
        let group = self.0.entry(every).or_insert_with(|| {
            first = true;
            Group { next: Instant::now() + every, members: BTreeSet::new() }
        });
        group.members.insert(id);
        first
    }

    pub(crate) fn leave(&mut self, id: WatchId, every: Duration) {
        let Some(group) = self.0.get_mut(&every) else { return };
        group.members.remove(&id);
        if group.members.is_empty() {
            self.0.remove(&every);
        }
    }

    /// When the next poll is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.values().map(|group| group.next).min()
    }

    /// The files to poll now; their next poll is set.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<WatchId> {
        let mut due = Vec::new();
        for (every, group) in self.0.iter_mut().filter(|(_, group)| group.next <= now) {
            // Missed polls are not repeated.
            group.next = (group.next + *every).max(now + *every / 2);
            due.extend(&group.members);
        }
        due
    }
}
