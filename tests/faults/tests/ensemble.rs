//! Faults of an ensemble: killed, frozen and restarted members, a lost quorum, other data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Ensemble, Proxy, ProxyMode, Server, wait_for};

use crate::bounds::{AT_ONCE, OUTAGE, PATIENCE, SILENCE};
use crate::harness::tests;
use crate::rig::{NODE, Rig, host};
use crate::slots::Slot;

tests! {
    a_connected_follower_killed_is_replaced_at_once: 20,
    a_connected_leader_killed_is_survived: 20,
    a_killed_leader_behind_the_follower_is_survived: 20,
    a_rolling_restart_under_writes_ends_on_the_last_version: 60,
    a_quorum_lost_for_20_seconds_stops_the_heartbeat_and_heals: 45,
    a_frozen_connected_follower_is_left_for_another_member: 60,
    a_frozen_leader_is_left_for_the_new_leader: 45,
    an_ensemble_restored_from_an_older_backup_is_followed_back: 45,
    a_wiped_ensemble_leaves_the_files_until_it_has_data: 45,
}

/// An ensemble with a proxy for each member, which shows the member that the watcher uses.
struct Fleet {
    ensemble: Ensemble,
    proxies: Vec<Proxy>,
    _slot: Slot,
}

impl Fleet {
    fn start() -> Self {
        let slot = Slot::take();
        let ensemble = Ensemble::start();
        let proxies = ensemble.servers().iter().map(|server| Proxy::start(server.address())).collect();
        Self { ensemble, proxies, _slot: slot }
    }

    /// A watcher that is connected to the member `server`, and knows all members.
    fn rig_at(&self, server: &Server) -> Rig {
        let others = || self.proxies.iter().filter(|proxy| !std::ptr::eq(*proxy, self.proxy_of(server)));
        others().for_each(|proxy| proxy.set_mode(ProxyMode::Refuse));
        let rig = self.rig();
        others().for_each(|proxy| proxy.set_mode(ProxyMode::Pass));
        assert!(
            self.proxy_of(server).open_connections() > 0,
            "the watcher is connected to the chosen member"
        );
        rig
    }

    fn rig(&self) -> Rig {
        let hosts: Vec<_> = self.proxies.iter().map(Proxy::connect_string).collect();
        // The writer uses another member; a test that kills one chooses it.
        let admin = self.ensemble.servers()[0].admin();
        Rig::start(host(hosts.join(",")), admin, NODE.to_owned())
    }

    fn proxy_of(&self, server: &Server) -> &Proxy {
        let index = self.ensemble.servers().iter().position(|member| std::ptr::eq(member, server));
        &self.proxies[index.expect("a member of this ensemble")]
    }

    fn followers(&self) -> (&Server, &Server) {
        wait_for("two followers", PATIENCE, || match self.ensemble.followers()[..] {
            [one, other] => Some((one, other)),
            _ => None,
        })
    }
}

fn a_connected_follower_killed_is_replaced_at_once() {
    let fleet = Fleet::start();
    let (connected, other) = fleet.followers();
    let rig = fleet.rig_at(connected);
    let writer = other.admin();
    rig.write_by(&writer);
    connected.kill();
    rig.write_by(&writer);
    rig.converges("connected follower killed", AT_ONCE);
    rig.finish();
}

fn a_connected_leader_killed_is_survived() {
    let fleet = Fleet::start();
    let (leader, survivor) = (fleet.ensemble.leader(), fleet.followers().0);
    let rig = fleet.rig_at(leader);
    leader.kill();
    // The write is acknowledged after the election.
    rig.write_by(&survivor.admin());
    rig.converges("connected leader killed, after the election", AT_ONCE);
    rig.finish();
}

fn a_killed_leader_behind_the_follower_is_survived() {
    let fleet = Fleet::start();
    let (leader, (connected, other)) = (fleet.ensemble.leader(), fleet.followers());
    let rig = fleet.rig_at(connected);
    leader.kill();
    rig.write_by(&other.admin());
    rig.converges("leader killed behind the connected follower, after the election", AT_ONCE);
    rig.finish();
}

fn a_rolling_restart_under_writes_ends_on_the_last_version() {
    let fleet = Fleet::start();
    let rig = fleet.rig();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            fleet.ensemble.rolling_restart();
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) {
            let serving = fleet.ensemble.servers().iter().find(|server| server.mode().is_some());
            serving.inspect(|server| rig.write_by(&server.admin()));
        }
    });
    let writes = rig.version();
    rig.converges(&format!("rolling restart of the ensemble under {writes} writes"), AT_ONCE);
    rig.finish();
}

fn a_quorum_lost_for_20_seconds_stops_the_heartbeat_and_heals() {
    let fleet = Fleet::start();
    let rig = fleet.rig();
    let start = Instant::now();
    let survivor = fleet.ensemble.lose_quorum();
    rig.falls_silent(SILENCE);
    rig.stays_silent(start, Duration::from_secs(20));
    fleet.ensemble.start_missing();
    let healed = Instant::now();
    rig.write_by(&survivor.admin());
    rig.converges_since(healed, "quorum lost for 20 s", OUTAGE);
    rig.finish();
}

fn a_frozen_connected_follower_is_left_for_another_member() {
    let fleet = Fleet::start();
    let (connected, other) = fleet.followers();
    let rig = fleet.rig_at(connected);
    let writer = other.admin();
    rig.write_by(&writer);
    let start = Instant::now();
    connected.freeze();
    rig.write_by(&writer);
    rig.converges_since(start, "connected follower frozen", SILENCE);
    thread::sleep(Duration::from_secs(40).saturating_sub(start.elapsed()));
    connected.thaw();
    rig.write_by(&writer);
    rig.converges("connected follower frozen for 40 s, then thawed", AT_ONCE);
    rig.finish();
}

fn a_frozen_leader_is_left_for_the_new_leader() {
    let fleet = Fleet::start();
    let (leader, (one, _)) = (fleet.ensemble.leader(), fleet.followers());
    let rig = fleet.rig_at(leader);
    let writer = one.admin();
    rig.write_by(&writer);
    let start = Instant::now();
    leader.freeze();
    // The write is acknowledged after the election. The watcher notices the silence meanwhile.
    rig.write_by(&writer);
    rig.converges("connected leader frozen, after the election", SILENCE);
    thread::sleep(Duration::from_secs(20).saturating_sub(start.elapsed()));
    leader.thaw();
    rig.write_by(&writer);
    rig.converges("leader frozen for 20 s, then thawed", AT_ONCE);
    rig.finish();
}

fn an_ensemble_restored_from_an_older_backup_is_followed_back() {
    let fleet = Fleet::start();
    let rig = fleet.rig();
    let writer = fleet.ensemble.leader().admin();
    rig.write_by(&writer);
    let saved = rig.version();
    let backup = fleet.ensemble.backup();
    // The client has seen zxids far above those of the restored ensemble.
    (0..20).for_each(|_| rig.write_by(&writer));
    rig.converges("writes after the backup", AT_ONCE);
    fleet.ensemble.restore(&backup);
    rig.go_back_to(saved);
    fleet.ensemble.restart_all();
    rig.converges("ensemble restored from an older backup", OUTAGE);
    rig.write_by(&fleet.ensemble.leader().admin());
    rig.converges("a write to the restored ensemble", AT_ONCE);
    rig.finish();
}

fn a_wiped_ensemble_leaves_the_files_until_it_has_data() {
    let fleet = Fleet::start();
    let rig = fleet.rig();
    let writer = fleet.ensemble.leader().admin();
    rig.write_by(&writer);
    rig.converges("a write before the wipe", AT_ONCE);
    fleet.ensemble.wipe();
    fleet.ensemble.restart_all();
    let start = Instant::now();
    rig.watcher.wait_for_stderr("this ensemble holds no data at all", OUTAGE);
    rig.stays_silent(start, Duration::from_secs(10));
    assert!(rig.is_current(), "the file stays");
    // The node is new, but its versions go on, as the observer expects.
    let content = rig.next();
    Admin::create(&fleet.ensemble.leader().admin(), NODE, content).expect("the ensemble is empty");
    rig.acknowledge();
    rig.converges("ensemble wiped, then refilled", AT_ONCE);
    rig.finish();
}
