//! One run: starts all threads, and joins them in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use ld_workspace::Failure;

use crate::faults;
use crate::judge::Counts;
use crate::nodes::ROLLOUTS;
use crate::observe;
use crate::rollouts::{self, PlanLog};
use crate::schedule::Schedule;
use crate::testbed::{Programs, Testbed};
use crate::writers::{self, WRITERS};

/// Whether watchers need names, clocks and disks of their own. A broken watcher knows no names, and
/// its run ends before it needs them.
pub(crate) fn needs_whole_hosts(schedule: &Schedule, programs: Programs) -> bool {
    programs.watcher.expected_violation().is_none()
        && schedule.kinds.iter().any(|kind| kind.needs_whole_hosts())
}

/// Runs a schedule. A panic, such as that of the kit for a server that does not start, is a
/// failure.
pub(crate) fn run_in_thread(
    seed: u64,
    length: Duration,
    schedule: &Schedule,
    programs: Programs,
) -> Result<Counts, Failure> {
    thread::scope(|scope| scope.spawn(|| run(seed, length, schedule, programs)).join())
        .map_err(|_| Failure::new("the run panicked, see above"))?
}

/// Runs the schedule until all faults have happened and `length` is over, then checks all files.
fn run(seed: u64, length: Duration, schedule: &Schedule, programs: Programs) -> Result<Counts, Failure> {
    let testbed = Testbed::start(seed, programs, needs_whole_hosts(schedule, programs))?;
    println!("   0.00 s  ensemble, nodes and watchers are running");
    let (stop_writing, stop_observing) = (AtomicBool::new(false), AtomicBool::new(false));
    let log = programs.watcher.follows_rollouts().then(|| PlanLog::new(&testbed));
    thread::scope(|scope| {
        let (testbed, stop_writing, stop_observing) = (&testbed, &stop_writing, &stop_observing);
        let reader = log.as_ref().map(|log| scope.spawn(move || log.run(testbed, stop_observing)));
        let observer = scope.spawn(move || observe::run(testbed, stop_observing));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || writers::run(testbed, writer, stop_writing)))
            .collect();
        let nodes = log.iter().flat_map(|log| ROLLOUTS.map(move |node| (log, node)));
        let rollouts: Vec<_> = nodes
            .map(|(log, node)| scope.spawn(move || rollouts::run(testbed, log, node, stop_writing)))
            .collect();
        let tracks = schedule.tracks.iter();
        let tracks: Vec<_> = tracks.map(|events| scope.spawn(move || faults::run(testbed, events))).collect();
        join(testbed, tracks);
        testbed.pause(length.saturating_sub(testbed.clock.now()));
        stop_writing.store(true, Ordering::SeqCst);
        join(testbed, writers);
        join(testbed, rollouts);
        if !testbed.recorder.should_stop() {
            observe::final_check(testbed);
        }
        stop_observing.store(true, Ordering::SeqCst);
        join(testbed, [observer]);
        join(testbed, reader);
    });
    Ok(testbed.recorder.into_counts())
}

/// Waits for threads of the run. If one panicked, the run proves nothing.
fn join<'scope>(testbed: &Testbed, threads: impl IntoIterator<Item = ScopedJoinHandle<'scope, ()>>) {
    for thread in threads {
        if thread.join().is_err() {
            testbed.recorder.obstacle("a thread of the run panicked, see above".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Violation;
    use crate::rollouts::ConductorProgram;
    use crate::schedule::FaultKind;
    use crate::testbed::WatcherProgram;

    /// The counts of a broken watcher. Its run ends at the expected violation.
    fn counts(watcher: WatcherProgram, kinds: &[FaultKind]) -> Counts {
        counts_of(Programs { watcher, conductor: ConductorProgram::LiveData }, kinds)
    }

    fn counts_of(programs: Programs, kinds: &[FaultKind]) -> Counts {
        let length = Duration::from_secs(60);
        run(1, length, &Schedule::new(1, length, kinds), programs).unwrap()
    }

    /// Real watchers, without faults, and a broken conductor.
    fn assert_is_caught(conductor: ConductorProgram) {
        let counts = counts_of(Programs { watcher: WatcherProgram::LiveData, conductor }, &[]);
        assert!(counts.of(Violation::Share) > 0, "{counts}");
        assert_eq!(counts.of(Violation::Candidate), 0, "hosts follow the plan: {counts}");
    }

    #[test]
    fn a_conductor_that_gives_all_hosts_the_candidate_is_caught() {
        assert_is_caught(ConductorProgram::AllAtOnce);
    }

    #[test]
    fn a_conductor_that_does_not_soak_is_caught() {
        assert_is_caught(ConductorProgram::Hasty);
    }

    #[test]
    fn a_conductor_that_reads_no_reports_is_caught() {
        assert_is_caught(ConductorProgram::Deaf);
    }

    #[test]
    fn a_watcher_that_writes_in_place_is_caught() {
        let counts = counts(WatcherProgram::InPlace, &[]);
        assert!(counts.of(Violation::Torn) > 0, "{counts}");
    }

    #[test]
    fn a_watcher_with_an_unverified_heartbeat_is_caught() {
        let kinds = [FaultKind::Blackhole, FaultKind::AclTaken];
        let counts = counts(WatcherProgram::BlindHeartbeat, &kinds);
        assert!(counts.of(Violation::FalseHeartbeat) > 0, "{counts}");
        assert_eq!(counts.of(Violation::Torn), 0, "it replaces files correctly: {counts}");
    }

    #[test]
    fn a_heartbeat_for_an_object_that_is_not_loaded_is_caught() {
        let counts = counts(WatcherProgram::BlindHeartbeat, &[FaultKind::ObjectsSilent]);
        assert!(counts.of(Violation::FalseHeartbeat) > 0, "{counts}");
    }

    #[test]
    fn a_watcher_that_writes_half_an_object_is_caught() {
        let counts = counts(WatcherProgram::HalfObjects, &[FaultKind::ObjectsCut]);
        assert!(counts.of(Violation::Torn) > 0, "{counts}");
    }

    #[test]
    fn a_watcher_that_ignores_shares_is_caught() {
        let counts = counts(WatcherProgram::AnyShare, &[]);
        assert!(counts.of(Violation::Candidate) > 0, "{counts}");
        assert_eq!(counts.of(Violation::Torn), 0, "it replaces files correctly: {counts}");
    }

    #[test]
    fn a_watcher_that_writes_pointers_is_caught() {
        let counts = counts(WatcherProgram::Pointers, &[]);
        assert!(counts.of(Violation::Pointer) > 0, "{counts}");
        assert_eq!(counts.of(Violation::Torn), 0, "it replaces files correctly: {counts}");
    }
}
