//! The observer: reads all files, independently of the watchers, throughout the run.
//!
//! What a file of a node with rollouts holds is judged once the plan of that moment is known.

use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::judge::{Conditions, FileJudge, Observation, RegularFile, Violation};
use crate::nodes::{ROLLOUTS, decode, stream};
use crate::schedule::NODES;
use crate::testbed::{Clock, Testbed};

/// The pause between two scans of all files. It is short, to catch files in the middle of a change.
const SCAN_PAUSE: Duration = Duration::from_millis(1);

/// One observed file.
struct ObservedFile {
    watcher: usize,
    node: usize,
    judge: FileJudge,
    last: Option<(Identity, Observation)>,
    /// What was seen and is not judged yet, and whether it differs from what was seen before.
    waiting: VecDeque<(Observation, Conditions, bool)>,
}

/// Inode, size, mtime and ctime. A file that was changed differs in one of them.
type Identity = (u64, u64, i64, i64, i64, i64);

/// Scans all files until `stop` is set.
pub(crate) fn run(testbed: &Testbed, stop: &AtomicBool) {
    let files = (0..testbed.hosts.len()).flat_map(|watcher| (0..NODES).map(move |node| (watcher, node)));
    let mut files: Vec<ObservedFile> = files
        .map(|(watcher, node)| ObservedFile {
            watcher,
            node,
            judge: FileJudge::new(node, stream(watcher, node)),
            last: None,
            waiting: VecDeque::new(),
        })
        .collect();
    let mut foreign_gone = vec![false; testbed.hosts.len()];
    while !stop.load(Ordering::SeqCst) {
        files.iter_mut().for_each(|file| file.observe(testbed));
        let wrong = files.iter().filter(|file| !file.judge.is_right()).count();
        testbed.wrong_files.store(wrong, Ordering::SeqCst);
        for (watcher, gone) in foreign_gone.iter_mut().enumerate() {
            let missing = testbed.hosts[watcher].missing_foreign();
            if !missing.is_empty() && !*gone {
                let what = format!("watcher {watcher}: {missing:?}");
                testbed.recorder.violation(testbed.clock.now(), Violation::ForeignRemoved, &what);
            }
            *gone = !missing.is_empty();
        }
        thread::sleep(SCAN_PAUSE);
    }
}

impl ObservedFile {
    fn observe(&mut self, testbed: &Testbed) {
        let (watcher, node) = (self.watcher, self.node);
        let found = self.read(&testbed.hosts[watcher].file(node), testbed.clock);
        // Read after the file, so that the conditions are not older than the file.
        let now = testbed.clock.now();
        let conditions = Conditions {
            now,
            undisturbed_since: testbed.disturbances.undisturbed_since(watcher, node),
            resumed_at: testbed.disturbances.resumed_at(watcher),
            unreadable: testbed.disturbances.unreadable(node),
            may_roll_back: testbed.disturbances.may_roll_back(now),
            ensemble_is_empty: testbed.disturbances.is_empty(),
        };
        let changed = self.last.as_ref().is_none_or(|(_, last)| *last != found.1);
        if changed || self.waiting.is_empty() {
            self.waiting.push_back((found.1.clone(), conditions, changed));
        }
        self.last = Some(found);
        let stream = stream(watcher, node);
        while let Some((_, conditions, _)) = self.waiting.front() {
            if !testbed.history.is_known(stream, conditions.now) {
                return;
            }
            let Some((seen, conditions, changed)) = self.waiting.pop_front() else { return };
            self.judge(testbed, seen, conditions, changed);
        }
    }

    fn judge(&mut self, testbed: &Testbed, seen: Observation, conditions: Conditions, changed: bool) {
        let (watcher, node, now) = (self.watcher, self.node, conditions.now);
        let finding = self.judge.observe(seen, &testbed.history, conditions);
        let has_candidate = ROLLOUTS.contains(&node)
            && finding.applied.is_some_and(|version| testbed.history.is_candidate(node, version));
        testbed.recorder.with(|counts| {
            counts.observations += 1;
            counts.changes += u64::from(changed && !finding.heartbeat);
            counts.candidates += usize::from(has_candidate && changed && !finding.heartbeat);
            counts.heartbeats += u64::from(finding.heartbeat);
            counts.applied.extend(finding.applied.map(|version| (node, version)));
            counts.slowest = counts.slowest.max(finding.recovered.unwrap_or_default());
        });
        for (violation, what) in finding.violations {
            let mut what = format!("n{node} of watcher {watcher}: {what}");
            if violation != Violation::Torn {
                what = format!("{what}; {}", testbed.hosts[watcher].log_tail(Some(node)));
            }
            testbed.recorder.violation(now, violation, &what);
        }
    }

    /// Observes the file. Its content is read only if it changed since the last observation.
    fn read(&self, path: &Path, clock: Clock) -> (Identity, Observation) {
        let Ok(found) = fs::symlink_metadata(path) else {
            return (Identity::default(), Observation::Missing);
        };
        if let Some(last) = self.last.as_ref().filter(|last| last.0 == identity(&found)) {
            return last.clone();
        }
        if !found.is_file() {
            return (identity(&found), Observation::Other);
        }
        let Some((after, bytes)) = read_file(path) else {
            return (Identity::default(), Observation::Missing);
        };
        let mtime = clock.of(after.modified().unwrap_or(std::time::UNIX_EPOCH));
        let content = decode(&bytes);
        (
            identity(&after),
            Observation::File(RegularFile { inode: after.ino(), size: after.size(), mtime, content }),
        )
    }
}

/// The content, and the metadata after the content was read.
fn read_file(path: &Path) -> Option<(Metadata, Vec<u8>)> {
    let mut file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some((file.metadata().ok()?, bytes))
}

fn identity(file: &Metadata) -> Identity {
    (file.ino(), file.size(), file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec())
}
