//! The schedule and the table of directories, without threads and files.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Weak;
use std::time::{Duration, Instant};

use super::dirs::Dirs;
use super::schedule::Schedule;
use super::{Pace, WatchId, Watched};
use crate::limits::MAX_UNSETTLED;
use crate::status::Mode;
use crate::trigger::{Outcome, Trigger};

struct Nobody;

impl Watched for Nobody {
    fn path(&self) -> &Path {
        Path::new("/")
    }

    fn check(&self, _: Trigger) -> Outcome {
        Outcome::Same
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
    schedule.add(Weak::<Nobody>::new(), Pace { events: true, poll, quiet: QUIET }).0
}

fn taken(schedule: &mut Schedule) -> Option<(WatchId, Trigger)> {
    schedule.take().map(|job| (job.id, job.trigger))
}

#[test]
fn a_writer_is_waited_for_until_it_is_quiet() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    let start = Instant::now();
    assert!(schedule.wake_when_quiet(id, EVENT, true, start));
    assert!(
        !schedule.wake_when_quiet(id, EVENT, true, start + QUIET / 2),
        "the timer moves, it is not set again"
    );
    schedule.ring(start + QUIET);
    assert_eq!(taken(&mut schedule), None);
    assert_eq!(schedule.next_alarm(), Some(start + QUIET / 2 + QUIET));
    schedule.ring(start + QUIET * 2);
    assert_eq!(taken(&mut schedule), Some((id, EVENT)));
}

#[test]
fn a_writer_that_is_never_quiet_is_waited_for_no_longer_than_the_limit() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    let start = Instant::now();
    let mut now = start;
    while now < start + MAX_UNSETTLED {
        schedule.ring(now);
        assert_eq!(taken(&mut schedule), None);
        schedule.wake_when_quiet(id, EVENT, true, now);
        now += QUIET / 2;
    }
    schedule.ring(start + MAX_UNSETTLED);
    assert_eq!(taken(&mut schedule), Some((id, Trigger { settled: true, ..EVENT })));
}

#[test]
fn directories_that_are_moved_without_pause_do_not_make_a_writer_done() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    let start = Instant::now();
    schedule.wake_when_quiet(id, EVENT, true, start);
    let mut now = start;
    while now < start + MAX_UNSETTLED - QUIET {
        schedule.wake_when_quiet(id, EVENT, false, now);
        now += QUIET / 2;
    }
    schedule.wake_when_quiet(id, EVENT, true, now);
    schedule.ring(start + MAX_UNSETTLED);
    assert_eq!(taken(&mut schedule), Some((id, EVENT)), "it has written for a moment only");
}

#[test]
fn a_writer_that_has_just_begun_is_not_done_because_the_clock_was_held_up() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    let start = Instant::now();
    schedule.wake_when_quiet(id, EVENT, true, start);
    let resumed = start + MAX_UNSETTLED * 2;
    schedule.wake_when_quiet(id, EVENT, true, resumed);
    schedule.ring(resumed);
    assert_eq!(taken(&mut schedule), Some((id, EVENT)));
}

#[test]
fn events_come_before_polls_and_a_late_poll_is_not_made_up_for() {
    let mut schedule = Schedule::new();
    let every = Duration::from_secs(1);
    let ids: Vec<_> = (0..3).map(|_| add(&mut schedule, Some(every))).collect();
    let late = Instant::now() + every * 10;
    schedule.ring(late);
    schedule.ring(late);
    let urgent = add(&mut schedule, Some(every));
    assert!(schedule.wake(urgent, EVENT));
    let order: Vec<_> = std::iter::from_fn(|| taken(&mut schedule)).map(|(id, _)| id).collect();
    assert_eq!(order, [urgent, ids[0], ids[1], ids[2]]);
    assert!(schedule.next_alarm().is_some_and(|next| next >= late + every / 2));
}

#[test]
fn what_happens_during_a_look_leads_to_another() {
    let mut schedule = Schedule::new();
    let id = add(&mut schedule, None);
    assert!(schedule.begin_direct(id) && !schedule.begin_direct(id));
    assert!(!schedule.wake(id, EVENT), "somebody is at it");
    assert_eq!(taken(&mut schedule), None);
    assert!(schedule.finish(id));
    assert_eq!(taken(&mut schedule), Some((id, EVENT)));
    assert!(!schedule.finish(id));
    schedule.remove(id);
    assert!(!schedule.wake(id, EVENT) && !schedule.begin_direct(id));
}

#[test]
fn a_directory_that_goes_takes_the_watches_below_it_and_no_others() {
    let mut dirs = Dirs::default();
    for (number, path) in ["/a", "/a/b", "/a/b/c", "/a/bc"].into_iter().enumerate() {
        dirs.enter(Path::new(path), (1, number as u64));
    }
    dirs.kill_below(Path::new("/a/b"));
    let alive = [0, 1, 2, 3].map(|number| dirs.watched((1, number)).is_some());
    assert_eq!(alive, [true, false, false, true]);
}

#[test]
fn a_directory_in_the_place_of_another_takes_its_path_and_one_inode_is_one_entry() {
    let mut dirs = Dirs::default();
    let (old, stale) = dirs.enter(Path::new("/a"), (1, 1));
    assert!(stale.is_empty());
    let step = dirs.link(old, OsStr::new("file"), 7).expect("entered");
    let (new, stale) = dirs.enter(Path::new("/a"), (1, 2));
    assert_eq!((new == old, stale.len()), (false, 1), "the old watch has to go first");
    assert!(dirs.unlink(&step, 7));
    assert_eq!(dirs.forget(old), None, "the path belongs to the new directory");

    let (alias, stale) = dirs.enter(Path::new("/alias"), (1, 2));
    assert_eq!((alias, stale.as_slice()), (new, &[Path::new("/a").into()][..]));
    assert_eq!(dirs.forget(new).as_deref(), Some(Path::new("/alias")));
}
