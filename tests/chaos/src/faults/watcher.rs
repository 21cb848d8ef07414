//! Faults of one watcher's network and process.

use std::time::{Duration, Instant};

use ld_testkit::{Daemon, ProxyMode};

use super::reload;
use crate::judge::Violation;
use crate::schedule::{Event, FaultKind};
use crate::testbed::{RETRY_LIMIT, SET_BACK, Scope, Testbed};

/// The latency added in each direction. The session timeout is 4 s.
const LATENCY: Duration = Duration::from_millis(500);
/// Limit for the started command to become the watcher.
const START_LIMIT: Duration = Duration::from_secs(8);
/// Limit for a watcher to exit after SIGTERM: 1 s, and slack for a busy machine.
const TERM_LIMIT: Duration = Duration::from_secs(8);

/// The files that such a fault concerns.
pub(crate) fn scope(event: &Event) -> Scope {
    match event.kind {
        FaultKind::ConfigurationChanged => reload::scope(event),
        _ => Scope::Watcher(event.watcher),
    }
}

pub(crate) fn inject(testbed: &Testbed, event: &Event) -> Result<(), String> {
    let host = &testbed.hosts[event.watcher];
    let network = |mode| {
        host.network(mode);
        testbed.pause(event.duration);
        host.network(ProxyMode::Pass);
        Ok(())
    };
    match event.kind {
        FaultKind::Reset => {
            host.reset_connections();
            Ok(())
        }
        FaultKind::Refuse => network(ProxyMode::Refuse),
        FaultKind::Blackhole => network(ProxyMode::Blackhole),
        FaultKind::HalfOpenToServer => network(ProxyMode::OnlyToServer),
        FaultKind::HalfOpenToClient => network(ProxyMode::OnlyToClient),
        FaultKind::Delay => network(ProxyMode::Delay { to_server: LATENCY, to_client: LATENCY }),
        FaultKind::NamesMoved => {
            host.network(ProxyMode::Refuse);
            testbed.pause(event.duration);
            if host.move_names() { Ok(()) } else { Err("the watcher knows no names".to_owned()) }
        }
        FaultKind::ClockSetBack => {
            let clock = host.clock()?;
            let start = Instant::now();
            while !host.watcher().as_ref().is_some_and(|watcher| clock.is_used_by(watcher.id())) {
                if start.elapsed() > START_LIMIT || testbed.recorder.should_stop() {
                    return Err("the watcher does not use its own clock".to_owned());
                }
                testbed.pause(Duration::from_millis(20));
            }
            clock.set_back(SET_BACK);
            testbed.pause(event.duration);
            clock.set_back(Duration::ZERO);
            Ok(())
        }
        FaultKind::SessionClosed => close_session(testbed, event),
        FaultKind::ConfigurationChanged => reload::inject(testbed, event),
        FaultKind::WatcherFrozen => {
            with_watcher(testbed, event, |daemon| daemon.freeze());
            testbed.pause(event.duration);
            // Comes first, since a heartbeat may appear as soon as the watcher resumes.
            testbed.disturbances.set_resumed(event.watcher, testbed.clock.now());
            with_watcher(testbed, event, |daemon| daemon.thaw());
            Ok(())
        }
        FaultKind::WatcherKilled => {
            with_watcher(testbed, event, |daemon| daemon.kill());
            host.watcher().take();
            testbed.pause(event.duration);
            host.start();
            Ok(())
        }
        _ => terminate(testbed, event),
    }
}

fn with_watcher(testbed: &Testbed, event: &Event, act: impl FnOnce(&Daemon)) {
    let watcher = testbed.hosts[event.watcher].watcher();
    if let Some(daemon) = watcher.as_ref().filter(|daemon| daemon.is_running()) {
        return act(daemon);
    }
    drop(watcher);
    died(testbed, event.watcher, "exited early");
}

/// Closes the watcher's session on a sound server.
pub(crate) fn close_session(testbed: &Testbed, event: &Event) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let mut servers = testbed.ensemble.servers().iter().enumerate();
        let host = &testbed.hosts[event.watcher];
        let closed = servers.any(|(index, server)| {
            !testbed.faulty_servers.contains(index) && host.close_session(server.address())
        });
        if closed {
            return Ok(());
        }
        if start.elapsed() > RETRY_LIMIT || testbed.recorder.should_stop() {
            return Err(format!("the watcher has had no session for {RETRY_LIMIT:?}"));
        }
        testbed.pause(Duration::from_millis(100));
    }
}

fn terminate(testbed: &Testbed, event: &Event) -> Result<(), String> {
    let host = &testbed.hosts[event.watcher];
    with_watcher(testbed, event, |daemon| daemon.terminate());
    let start = Instant::now();
    while host.watcher().as_ref().is_some_and(Daemon::is_running) {
        if start.elapsed() > TERM_LIMIT {
            died(testbed, event.watcher, "did not exit within 8 s of SIGTERM");
            break;
        }
        testbed.pause(Duration::from_millis(20));
        if testbed.recorder.should_stop() {
            break;
        }
    }
    host.watcher().take();
    testbed.pause(event.duration);
    host.start();
    Ok(())
}

/// Records a watcher that exited early, or did not exit.
fn died(testbed: &Testbed, watcher: usize, what: &str) {
    let what = format!("watcher {watcher} {what}; {}", testbed.hosts[watcher].log_tail(None));
    testbed.recorder.violation(testbed.clock.now(), Violation::Died, &what);
}
