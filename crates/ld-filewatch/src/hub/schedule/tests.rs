//! The schedule and the table of directories, without threads and files.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Weak;
use std::time::{Duration, Instant};

use super::dirs::Dirs;
use super::queues::Schedule;
use crate::check::trigger::{Outcome, Trigger};
use crate::disk::filter::Filter;
use crate::hub::watched::{Timing, WatchId, Watched};
use crate::limits::MAX_UNSETTLED;
use crate::status::Mode;

struct NoFile;

impl Watched for NoFile {
    fn path(&self) -> &Path {
        Path::new("/")
    }

    fn check(&self, _: Trigger) -> Outcome {
        Outcome::Same
    }

    fn tree(&self) -> Option<&Filter> {
        None
    }

    fn is_current(&self) -> bool {
        true
    }

    fn is_virtual(&self) -> bool {
        false
    }

    fn wants_events_back(&self) -> bool {
        false
    }

    fn set_mode(&self, _: Mode) {}
}

const QUIET: Duration = Duration::from_millis(20);
const EVENT: Trigger = Trigger { event: true, settled: false, touched: true, poll: false, reader: false };

fn add(schedule: &mut Schedule, poll: Option<Duration>) -> WatchId {
    let id = add_claimed(schedule, poll);
    assert!(!schedule.release(id));
    id
}

fn add_claimed(schedule: &mut Schedule, poll: Option<Duration>) -> WatchId {
    schedule.add(Weak::<NoFile>::new(), Timing { events: true, poll, quiet: QUIET }).0
}

fn next(schedule: &mut Schedule) -> Option<(WatchId, Trigger)> {
    schedule.next_job().map(|job| (job.id, job.trigger))
}

#[test]
fn a_check_waits_until_the_writer_is_quiet() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    let start = Instant::now();
    assert!(schedule.queue_when_quiet(id, EVENT, true, start));
    assert!(
        !schedule.queue_when_quiet(id, EVENT, true, start + QUIET / 2),
        "the timer moves, no second one is set"
    );
    schedule.queue_due(start + QUIET);
    assert_eq!(next(&mut schedule), None);
    assert_eq!(schedule.next_alarm(), Some(start + QUIET / 2 + QUIET));
    schedule.queue_due(start + QUIET * 2);
    assert_eq!(next(&mut schedule), Some((id, EVENT)));
}

#[test]
fn a_writer_that_never_pauses_is_checked_at_the_limit() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    let start = Instant::now();
    let mut now = start;
    while now < start + MAX_UNSETTLED {
        schedule.queue_due(now);
        assert_eq!(next(&mut schedule), None);
        schedule.queue_when_quiet(id, EVENT, true, now);
        now += QUIET / 2;
    }
    schedule.queue_due(start + MAX_UNSETTLED);
    assert_eq!(next(&mut schedule), Some((id, Trigger { settled: true, ..EVENT })));
}

#[test]
fn moving_directories_does_not_settle_a_writer() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    let start = Instant::now();
    schedule.queue_when_quiet(id, EVENT, true, start);
    let mut now = start;
    while now < start + MAX_UNSETTLED - QUIET {
        schedule.queue_when_quiet(id, EVENT, false, now);
        now += QUIET / 2;
    }
    schedule.queue_when_quiet(id, EVENT, true, now);
    schedule.queue_due(start + MAX_UNSETTLED);
    assert_eq!(next(&mut schedule), Some((id, EVENT)), "it has written only for a moment");
}

#[test]
fn a_paused_process_does_not_settle_a_new_writer() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    let start = Instant::now();
    schedule.queue_when_quiet(id, EVENT, true, start);
    let resumed = start + MAX_UNSETTLED * 2;
    schedule.queue_when_quiet(id, EVENT, true, resumed);
    schedule.queue_due(resumed);
    assert_eq!(next(&mut schedule), Some((id, EVENT)));
}

#[test]
fn events_come_before_polls_and_late_polls_do_not_repeat() {
    let mut schedule = Schedule::new();
    let every = Duration::from_secs(1);
    let ids: Vec<_> = (0..3).map(|_| add(&mut schedule, Some(every))).collect();
    let late = Instant::now() + every * 10;
    schedule.queue_due(late);
    schedule.queue_due(late);
    let urgent = add(&mut schedule, Some(every));
    assert!(schedule.queue_now(urgent, EVENT));
    let order: Vec<_> = std::iter::from_fn(|| next(&mut schedule)).map(|(id, _)| id).collect();
    assert_eq!(order, [urgent, ids[0], ids[1], ids[2]]);
    assert!(schedule.next_alarm().is_some_and(|next| next >= late + every / 2));
}

#[test]
fn no_poll_takes_the_first_check_of_a_new_file() {
    let mut schedule = Schedule::new();
    let every = Duration::from_secs(1);
    let id = add_claimed(&mut schedule, Some(every));
    let start = Instant::now();
    schedule.queue_due(start + every * 2);
    assert_eq!(next(&mut schedule), None);
    assert!(!schedule.release(id));
    schedule.queue_due(start + every * 4);
    assert_eq!(next(&mut schedule).map(|(id, _)| id), Some(id));
}

#[test]
fn an_event_during_a_check_queues_another_check() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    assert!(schedule.claim(id) && !schedule.claim(id));
    assert!(!schedule.queue_now(id, EVENT), "another thread has the claim");
    assert_eq!(next(&mut schedule), None);
    assert!(schedule.release(id));
    assert_eq!(next(&mut schedule), Some((id, EVENT)));
    assert!(!schedule.release(id));
    schedule.remove(id);
    assert!(!schedule.queue_now(id, EVENT) && !schedule.claim(id));
}

#[test]
fn removing_a_directory_invalidates_only_watches_below_it() {
    let mut dirs = Dirs::default();
    for (number, path) in ["/a", "/a/b", "/a/b/c", "/a/bc"].into_iter().enumerate() {
        dirs.enter(Path::new(path), (1, number as u64));
    }
    dirs.invalidate_below(Path::new("/a/b"));
    let valid = [0, 1, 2, 3].map(|number| dirs.watched((1, number)).is_some());
    assert_eq!(valid, [true, false, false, true]);
}

#[test]
fn a_replaced_directory_gets_its_path_and_inodes_are_unique() {
    let mut dirs = Dirs::default();
    let (old, stale) = dirs.enter(Path::new("/a"), (1, 1));
    assert!(stale.is_empty());
    let step = dirs.link(old, OsStr::new("file"), 7).expect("entered");
    let (new, stale) = dirs.enter(Path::new("/a"), (1, 2));
    assert_eq!((new == old, stale.len()), (false, 1), "the old watch must be removed first");
    assert!(dirs.unlink(&step, 7));
    assert_eq!(dirs.remove(old), None, "the path belongs to the new directory");

    let (alias, stale) = dirs.enter(Path::new("/alias"), (1, 2));
    assert_eq!((alias, stale.as_slice()), (new, &[Path::new("/a").into()][..]));
    assert_eq!(dirs.remove(new).as_deref(), Some(Path::new("/alias")));
}
