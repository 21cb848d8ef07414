//! Faults of one watcher's machine: calls that hang or fail.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use ld_testkit::Daemon;

use super::{ensemble, watcher};
use crate::judge::Violation;
use crate::schedule::{Event, FaultKind, NODES};
use crate::testbed::{OWNED_NODE, Scope, Testbed};

/// Limit for a watcher's first session without faults.
const START_LIMIT: Duration = Duration::from_secs(8);
/// A file without a change for this long has no heartbeat. Its interval is 0.5 s.
const SILENCE: Duration = Duration::from_secs(4);
/// A limit that a running watcher exceeds, and one that it never reaches.
const NO_DESCRIPTORS: u64 = 3;
const ENOUGH_DESCRIPTORS: u64 = 1024;

/// The files that such a fault concerns. `None` for other kinds of faults.
pub(crate) fn scope(event: &Event) -> Option<Scope> {
    match event.kind {
        FaultKind::DestinationHangs
        | FaultKind::SecretsHang
        | FaultKind::ThreadsRefused
        | FaultKind::DescriptorsRefused => Some(Scope::Watcher(event.watcher)),
        // Only this node has an owner to look up.
        FaultKind::UsersHang => Some(Scope::File(event.watcher, OWNED_NODE)),
        FaultKind::ErrorUnread => Some(Scope::Nothing),
        _ => None,
    }
}

pub(crate) fn inject(testbed: &Testbed, event: &Event) -> Result<(), String> {
    let host = &testbed.hosts[event.watcher];
    let faults = host.faults();
    wait_until_started(testbed, event);
    match event.kind {
        FaultKind::DestinationHangs => {
            faults.hang_files(&[host.destinations()]);
            testbed.pause(event.duration);
            faults.release_files();
        }
        FaultKind::SecretsHang => {
            faults.hang_files(&[host.secrets()]);
            // The next session uses the secrets that are known.
            let closed = watcher::close_session(testbed, event);
            testbed.pause(event.duration);
            faults.release_files();
            closed?;
        }
        FaultKind::UsersHang => {
            faults.hang_users();
            testbed.pause(event.duration);
            faults.release_users();
        }
        FaultKind::ThreadsRefused => {
            faults.refuse_threads();
            host.reset_connections();
            testbed.pause(event.duration);
            faults.allow_threads();
        }
        FaultKind::DescriptorsRefused => {
            with_watcher(testbed, event, |daemon| daemon.limit("nofile", NO_DESCRIPTORS))?;
            host.reset_connections();
            testbed.pause(event.duration);
            with_watcher(testbed, event, |daemon| daemon.limit("nofile", ENOUGH_DESCRIPTORS))?;
        }
        _ => leave_stderr_unread(testbed, event)?,
    }
    restart_if_refused(testbed, event);
    Ok(())
}

/// Waits for the watcher's first session. It may not come, since the ensemble may be down.
fn wait_until_started(testbed: &Testbed, event: &Event) {
    let start = Instant::now();
    while start.elapsed() < START_LIMIT && !testbed.recorder.should_stop() {
        let watcher = testbed.hosts[event.watcher].watcher();
        if watcher.as_ref().is_none_or(|daemon| daemon.stderr().contains("session 0x")) {
            return;
        }
        drop(watcher);
        testbed.pause(Duration::from_millis(20));
    }
}

/// Restarts a watcher that could not start because of the fault, as a service manager would.
fn restart_if_refused(testbed: &Testbed, event: &Event) {
    let host = &testbed.hosts[event.watcher];
    let was_refused = |daemon: &Daemon| {
        let log = daemon.stderr();
        !daemon.is_running() && log.contains("cannot start") && !log.contains("session 0x")
    };
    let has_exited = host.watcher().as_ref().is_some_and(was_refused);
    if has_exited {
        host.start();
    }
}

/// Does not read standard error. There is no other fault, so each file must change or have its
/// heartbeat.
fn leave_stderr_unread(testbed: &Testbed, event: &Event) -> Result<(), String> {
    let files: Vec<_> = (0..NODES).map(|node| testbed.hosts[event.watcher].file(node)).collect();
    let times = || -> Vec<Option<SystemTime>> {
        files.iter().map(|file| fs::metadata(file).and_then(|found| found.modified()).ok()).collect()
    };
    ensemble::while_idle(testbed, || Ok(()))?;
    with_watcher(testbed, event, Daemon::pause_stderr)?;
    testbed.pause(event.duration.saturating_sub(SILENCE));
    let before = times();
    testbed.pause(SILENCE);
    let silent: Vec<_> = before.iter().zip(times()).map(|(before, after)| *before == after).collect();
    with_watcher(testbed, event, Daemon::resume_stderr)?;
    let silent: Vec<_> = (0..NODES).filter(|node| silent[*node]).collect();
    if !silent.is_empty() && !testbed.recorder.should_stop() {
        let log = testbed.hosts[event.watcher].log_tail(None);
        let what = format!("nodes {silent:?} of watcher {} for {SILENCE:?}; {log}", event.watcher);
        testbed.recorder.violation(testbed.clock.now(), Violation::Silent, &what);
    }
    Ok(())
}

/// Runs `act` on the watcher's process. The final check also finds a watcher that has exited.
fn with_watcher(testbed: &Testbed, event: &Event, act: impl FnOnce(&Daemon)) -> Result<(), String> {
    let watcher = testbed.hosts[event.watcher].watcher();
    let daemon = watcher.as_ref().filter(|daemon| daemon.is_running());
    daemon.map(act).ok_or_else(|| format!("watcher {} has exited", event.watcher))
}
