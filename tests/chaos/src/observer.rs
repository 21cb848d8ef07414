//! The observer: looks at every file from outside of the processes, all the time.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::clock::Clock;
use super::document::decode;
use super::judge::{Circumstances, Judge, Seen, Sight};
use super::schedule::NODES;

use super::verdict::Violation;
use super::world::World;

/// The pause between two scans of all files: a file in change is caught by chance.
const SCAN_PAUSE: Duration = Duration::from_millis(1);

/// One file under observation.
struct Observed {
    watcher: usize,
    node: usize,
    judge: Judge,
    seen: Option<(Identity, Seen)>,
}

/// If none of these differ, nobody has changed the file since.
type Identity = (u64, u64, i64, i64, i64, i64);

/// Looks until the run is over.
pub(super) fn observe(world: &World, over: &AtomicBool) {
    let files = (0..world.sites.len()).flat_map(|watcher| (0..NODES).map(move |node| (watcher, node)));
    let mut files: Vec<Observed> = files
        .map(|(watcher, node)| Observed { watcher, node, judge: Judge::new(node), seen: None })
        .collect();
    let mut foreign_gone = vec![false; world.sites.len()];
    while !over.load(Ordering::SeqCst) {
        files.iter_mut().for_each(|file| file.look(world));
        let wrong = files.iter().filter(|file| !file.judge.is_right()).count();
        world.wrong.store(wrong, Ordering::SeqCst);
        for (watcher, gone) in foreign_gone.iter_mut().enumerate() {
            let missing = world.sites[watcher].missing_foreign();
            if !missing.is_empty() && !*gone {
                let what = format!("watcher {watcher}: {missing:?}");
                world.tally.violation(world.clock.now(), Violation::ForeignRemoved, &what);
            }
            *gone = !missing.is_empty();
        }
        thread::sleep(SCAN_PAUSE);
    }
}

impl Observed {
    fn look(&mut self, world: &World) {
        let (watcher, node) = (self.watcher, self.node);
        let seen = self.see(&world.sites[watcher].file(node), world.clock);
        // Read after the file, so that what it was judged by is not older than the file.
        let now = world.clock.now();
        let circumstances = Circumstances {
            now,
            undisturbed: world.peace.undisturbed(watcher, node),
            thawed: world.peace.thawed(watcher),
            unreadable: world.peace.unreadable(node),
            may_go_back: world.peace.may_go_back(now),
            void: world.peace.is_void(),
        };
        let changed = self.seen.as_ref().is_none_or(|(_, last)| *last != seen.1);
        let finding = self.judge.look(seen.1.clone(), &world.ledger, circumstances);
        self.seen = Some(seen);
        world.tally.with(|counts| {
            counts.looks += 1;
            counts.changes += u64::from(changed && !finding.heartbeat);
            counts.heartbeats += u64::from(finding.heartbeat);
            counts.applied.extend(finding.applied.map(|version| (node, version)));
            counts.slowest = counts.slowest.max(finding.healed.unwrap_or_default());
        });
        for (violation, what) in finding.violations {
            let mut what = format!("n{node} of watcher {watcher}: {what}");
            if violation != Violation::Torn {
                what = format!("{what}; {}", world.sites[watcher].said(Some(node)));
            }
            world.tally.violation(now, violation, &what);
        }
    }

    /// What is there; a file is read only if it is not the one of the last look.
    fn see(&self, path: &Path, clock: Clock) -> (Identity, Seen) {
        let Ok(found) = fs::symlink_metadata(path) else { return (Identity::default(), Seen::Missing) };
        if let Some(last) = self.seen.as_ref().filter(|last| last.0 == identity(&found)) {
            return last.clone();
        }
        if !found.is_file() {
            return (identity(&found), Seen::Other);
        }
        let Some((after, bytes)) = read(path) else { return (Identity::default(), Seen::Missing) };
        let mtime = clock.of(after.modified().unwrap_or(std::time::UNIX_EPOCH));
        let content = decode(&bytes);
        (identity(&after), Seen::File(Sight { inode: after.ino(), size: after.size(), mtime, content }))
    }
}

/// The content, and what the file was like after it was read.
fn read(path: &Path) -> Option<(Metadata, Vec<u8>)> {
    let mut file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some((file.metadata().ok()?, bytes))
}

fn identity(file: &Metadata) -> Identity {
    (file.ino(), file.size(), file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec())
}
