//! Faults of one watcher's network and process.

use std::time::{Duration, Instant};

use ld_testkit::{Daemon, ProxyMode};

use crate::clock::SET_BACK;
use crate::kind::Kind;
use crate::schedule::Event;
use crate::verdict::Violation;
use crate::world::{INSIST_LIMIT, World};

/// The added latency, each way; the session timeout is 4 s.
const LATENCY: Duration = Duration::from_millis(500);
/// How long a command may take to become the watcher.
const START_LIMIT: Duration = Duration::from_secs(8);
/// How long a watcher may take to end after SIGTERM: it promises 1 s, the machine is busy.
const TERM_LIMIT: Duration = Duration::from_secs(8);

pub(super) fn happen(world: &World, event: &Event) -> Result<(), String> {
    let site = &world.sites[event.watcher];
    let network = |mode| {
        site.network(mode);
        world.pause(event.hold);
        site.network(ProxyMode::Pass);
        Ok(())
    };
    match event.kind {
        Kind::Reset => {
            site.reset_connections();
            Ok(())
        }
        Kind::Refuse => network(ProxyMode::Refuse),
        Kind::Blackhole => network(ProxyMode::Blackhole),
        Kind::HalfOpenToServer => network(ProxyMode::OnlyToServer),
        Kind::HalfOpenToClient => network(ProxyMode::OnlyToClient),
        Kind::Delay => network(ProxyMode::Delay { to_server: LATENCY, to_client: LATENCY }),
        Kind::NamesMoved => {
            site.network(ProxyMode::Refuse);
            world.pause(event.hold);
            if site.move_names() { Ok(()) } else { Err("the watcher knows no names".to_owned()) }
        }
        Kind::ClockSetBack => {
            let clock = site.clock()?;
            let start = Instant::now();
            while !site.watcher().as_ref().is_some_and(|watcher| clock.is_used_by(watcher.id())) {
                if start.elapsed() > START_LIMIT || world.tally.shall_stop() {
                    return Err("the watcher does not live by its own clock".to_owned());
                }
                world.pause(Duration::from_millis(20));
            }
            clock.set_back(SET_BACK);
            world.pause(event.hold);
            clock.set_back(Duration::ZERO);
            Ok(())
        }
        Kind::SessionClosed => close_session(world, event),
        Kind::WatcherFrozen => {
            with_watcher(world, event, |daemon| daemon.freeze());
            world.pause(event.hold);
            // Said first: a heartbeat that was on its way may show at once.
            world.peace.thaws(event.watcher, world.clock.now());
            with_watcher(world, event, |daemon| daemon.thaw());
            Ok(())
        }
        Kind::WatcherKilled => {
            with_watcher(world, event, |daemon| daemon.kill());
            site.watcher().take();
            world.pause(event.hold);
            site.start();
            Ok(())
        }
        _ => terminate(world, event),
    }
}

fn with_watcher(world: &World, event: &Event, act: impl FnOnce(&Daemon)) {
    let watcher = world.sites[event.watcher].watcher();
    if let Some(daemon) = watcher.as_ref().filter(|daemon| daemon.is_running()) {
        return act(daemon);
    }
    drop(watcher);
    died(world, event.watcher, "it ended by itself");
}

pub(super) fn close_session(world: &World, event: &Event) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let victims = world.victims.load(std::sync::atomic::Ordering::SeqCst);
        let servers = world.ensemble.servers().iter().enumerate();
        let sound = servers.filter(|(index, _)| victims & (1 << index) == 0).map(|(_, server)| server);
        if sound.into_iter().any(|server| world.sites[event.watcher].close_session(server.address())) {
            return Ok(());
        }
        if start.elapsed() > INSIST_LIMIT || world.tally.shall_stop() {
            return Err(format!("the watcher has had no session for {INSIST_LIMIT:?}"));
        }
        world.pause(Duration::from_millis(100));
    }
}

fn terminate(world: &World, event: &Event) -> Result<(), String> {
    let site = &world.sites[event.watcher];
    with_watcher(world, event, |daemon| daemon.terminate());
    let start = Instant::now();
    while site.watcher().as_ref().is_some_and(Daemon::is_running) {
        if start.elapsed() > TERM_LIMIT {
            died(world, event.watcher, "it did not end within 8 s of SIGTERM");
            break;
        }
        world.pause(Duration::from_millis(20));
        if world.tally.shall_stop() {
            break;
        }
    }
    site.watcher().take();
    world.pause(event.hold);
    site.start();
    Ok(())
}

/// Reports a watcher whose process is not as it should be.
fn died(world: &World, watcher: usize, what: &str) {
    let what = format!("watcher {watcher}: {what}; {}", world.sites[watcher].said(None));
    world.tally.violation(world.clock.now(), Violation::Died, &what);
}
