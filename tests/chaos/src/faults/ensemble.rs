//! Faults of the ensemble.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use ld_testkit::{Acl, Admin, Error, Server, Step};

use crate::judge::CONVERGENCE_LIMIT;
use crate::nodes::{ROLLOUTS, stream};
use crate::schedule::{Event, FaultKind, NODES, WATCHERS};
use crate::testbed::{AdminPool, CHROOT, DIRECTORIES, REPORTS, RETRY_LIMIT, Testbed, path};

/// Limit for all files to be right before a fault that excludes all others.
const CONVERGENCE_WAIT: Duration = Duration::from_secs(40);

/// How often reports may appear while the chroot is removed.
const CHROOT_ATTEMPTS: usize = 100;

pub(crate) fn inject(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    let ensemble = &testbed.ensemble;
    match event.kind {
        FaultKind::ServerKilled => kill(testbed, event, follower(testbed, event)?),
        FaultKind::LeaderKilled => kill(testbed, event, ensemble.leader()),
        FaultKind::ServerFrozen => freeze(testbed, event, follower(testbed, event)?)?,
        FaultKind::LeaderFrozen => freeze(testbed, event, ensemble.leader())?,
        FaultKind::QuorumLost => {
            let _survivor = ensemble.lose_quorum();
            testbed.pause(event.duration);
            ensemble.start_missing();
        }
        FaultKind::RollingRestart => ensemble.rolling_restart(),
        FaultKind::EnsembleDown => {
            ensemble.kill_all();
            testbed.pause(event.duration);
            ensemble.start_missing();
        }
        FaultKind::Restored => restore(testbed, event, admins)?,
        FaultKind::Wiped => wipe(testbed, event, admins)?,
        _ => remove_chroot(testbed, event, admins)?,
    }
    Ok(())
}

fn follower<'a>(testbed: &'a Testbed, event: &Event) -> Result<&'a Server, String> {
    let mut followers = testbed.ensemble.followers();
    if followers.is_empty() {
        // A member has just restarted, or an election is running. A leader implies a follower.
        let _leader = testbed.ensemble.leader();
        followers = testbed.ensemble.followers();
    }
    if followers.is_empty() {
        return Err("there is no follower".to_owned());
    }
    Ok(followers[event.pick % followers.len()])
}

fn kill(testbed: &Testbed, event: &Event, server: &Server) {
    testbed.set_faulty(server, true);
    server.kill();
    testbed.pause(event.duration);
    server.restart();
    testbed.set_faulty(server, false);
}

fn freeze(testbed: &Testbed, event: &Event, server: &Server) -> Result<(), String> {
    testbed.set_faulty(server, true);
    server.freeze();
    testbed.pause(event.duration);
    server.thaw();
    // The server briefly keeps its old role. Without this wait, the next fault could take the
    // quorum.
    let (admin, start) = (server.admin(), Instant::now());
    while let Err(error) = admin.sync() {
        if start.elapsed() > RETRY_LIMIT {
            return Err(format!("the thawed server does not recover: {error}"));
        }
    }
    testbed.set_faulty(server, false);
    Ok(())
}

/// Runs `act` once all files are right, while no version is written.
pub(crate) fn while_idle<T>(testbed: &Testbed, act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let _locks: Vec<_> =
        testbed.node_locks.iter().map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner)).collect();
    if !testbed.wait_until_right(CONVERGENCE_WAIT) {
        return Err("the files are not right before the fault".to_owned());
    }
    act()
}

fn restore(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    let backups = testbed.ensemble.backup();
    testbed.ensemble.servers().iter().for_each(Server::wait_ready);
    // The restore will undo what is written now.
    testbed.pause(event.duration);
    while_idle(testbed, || {
        testbed.disturbances.allow_rollback(Duration::MAX);
        testbed.ensemble.restore(&backups);
        // Comes before a server serves the old content, which is valid from then on.
        testbed.history.forget_acknowledgements();
        testbed.ensemble.restart_all();
        // The backup may require credentials from before a rotation.
        let open = [Acl::anyone(Acl::ALL)];
        let outcome = (0..NODES).try_for_each(|node| {
            admins.retry("open a restored node", |admin| match admin.set_acl(&path(node), &open) {
                // The node was deleted at the time of the backup.
                Err(Error::NoNode { .. }) => Ok(()),
                outcome => outcome,
            })
        });
        testbed.disturbances.allow_rollback(testbed.clock.now() + CONVERGENCE_LIMIT);
        outcome
    })
}

fn wipe(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    while_idle(testbed, || {
        testbed.disturbances.set_empty(true);
        testbed.ensemble.wipe();
        testbed.history.forget_acknowledgements();
        testbed.ensemble.restart_all();
        testbed.pause(event.duration);
        testbed.disturbances.set_empty(false);
        testbed.fill(admins)
    })
}

/// Removes the chroot with all that is in it, in one transaction.
fn remove_all(admin: &Admin) -> Result<(), Error> {
    if admin.exists(CHROOT)?.is_none() {
        return Ok(());
    }
    let rollouts = ROLLOUTS.map(|node| format!("{CHROOT}/live-data/rollouts/n{node}"));
    let mut paths: Vec<String> = (0..NODES).map(path).collect();
    for place in rollouts {
        if admin.exists(&place)?.is_some() {
            paths.extend(admin.children(&place)?.into_iter().map(|child| format!("{place}/{child}")));
            paths.push(place);
        }
    }
    paths.extend(admin.children(REPORTS)?.into_iter().map(|host| format!("{REPORTS}/{host}")));
    paths.extend(DIRECTORIES.into_iter().rev().map(str::to_owned));
    admin.transaction(&paths.into_iter().map(Step::delete).collect::<Vec<_>>())
}

fn remove_chroot(testbed: &Testbed, event: &Event, admins: &mut AdminPool<'_>) -> Result<(), String> {
    while_idle(testbed, || {
        let deletions: Vec<u64> = (0..NODES).map(|node| testbed.history.begin_deletion(node)).collect();
        admins.retry("remove the chroot", |admin| {
            let mut outcome = Ok(());
            // Reports and rollouts come and go meanwhile.
            for _ in 0..CHROOT_ATTEMPTS {
                outcome = remove_all(admin);
                if !matches!(outcome, Err(Error::NoNode { .. } | Error::NotEmpty { .. })) {
                    break;
                }
            }
            outcome
        })?;
        let now = testbed.clock.now();
        deletions
            .iter()
            .enumerate()
            .for_each(|(node, deletion)| testbed.history.acknowledge(node, *deletion, now));
        for (watcher, node) in (0..WATCHERS).flat_map(|it| ROLLOUTS.map(move |node| (it, node))) {
            testbed.history.settle_deletion(stream(watcher, node), deletions[node], now);
        }
        testbed.pause(event.duration);
        testbed.fill(admins)
    })
}
