//! An ensemble: leaders, lost members, restored and wiped data.

use std::time::Duration;

use ld_testkit::{Ensemble, Error, ServerMode, ServerOptions, wait_until};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn members_agree_after_a_lost_leader_and_a_rolling_restart() {
    let ensemble = Ensemble::start();
    let old_leader = ensemble.leader();
    assert_eq!((ensemble.followers().len(), ensemble.connect_string().split(',').count()), (2, 3));
    let survivor = ensemble.followers()[0];
    let admin = survivor.admin();
    admin.create("/a", b"1").unwrap();
    old_leader.kill();
    assert_ne!(ensemble.leader().address(), old_leader.address());
    wait_until("a write through a survivor", LIMIT, || admin.set("/a", b"2").is_ok());
    ensemble.start_missing();
    ensemble.rolling_restart();
    for server in ensemble.servers() {
        let admin = server.admin();
        admin.sync().unwrap();
        assert_eq!(admin.get("/a").unwrap().0, b"2");
    }
}

#[test]
fn a_member_without_a_quorum_serves_only_allowed_reads() {
    let strict = Ensemble::start();
    let survivor = strict.lose_quorum();
    wait_until("the survivor to give up", LIMIT, || survivor.mode().is_none());
    strict.start_missing();
    assert!(survivor.mode().is_some());
    drop(strict);

    let lenient = Ensemble::start_with(ServerOptions { read_only_mode: true, ..ServerOptions::default() });
    let survivor = lenient.lose_quorum();
    wait_until("a read-only server", LIMIT, || survivor.mode() == Some(ServerMode::ReadOnly));
}

#[test]
fn a_restored_ensemble_is_older_and_a_wiped_one_is_empty() {
    let ensemble = Ensemble::start();
    let admin = ensemble.leader().admin();
    admin.create("/a", b"old").unwrap();
    let backup = ensemble.backup();
    let newer = admin.set("/a", b"new").unwrap();
    ensemble.restore(&backup);
    ensemble.restart_all();
    let (data, stat) = ensemble.servers()[0].admin().get("/a").unwrap();
    assert_eq!(data, b"old");
    assert!(stat.mzxid < newer.mzxid);
    ensemble.wipe();
    ensemble.restart_all();
    assert!(matches!(ensemble.servers()[0].admin().get("/a"), Err(Error::NoNode { .. })));
}
