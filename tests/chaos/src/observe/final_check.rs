//! The check at the end of a run. All faults are healed and all writers have stopped, so each file
//! must become equal to its node.

use std::sync::PoisonError;
use std::time::{Duration, Instant};
use std::{fs, thread};

use ld_testkit::Daemon;

use crate::judge::{CONVERGENCE_LIMIT, Violation};
use crate::nodes::{ROLLOUTS, encode, expected};
use crate::rollouts;
use crate::schedule::{NODES, WATCHERS};
use crate::testbed::{Host, Testbed, credential, path};

/// Limit for the last temporary files to disappear.
const STRAY_LIMIT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Compares each file with its node, and finds stray temporary files and dead watchers.
pub(crate) fn run(testbed: &Testbed) {
    let rotations = testbed.rotation.lock().unwrap_or_else(PoisonError::into_inner).count;
    let mut admins = testbed.admins_as(&credential(rotations));
    let held: Result<Vec<Vec<Vec<u8>>>, String> = (0..NODES)
        .map(|node| {
            if ROLLOUTS.contains(&node) {
                let meant = rollouts::at_end(testbed, &mut admins, node)?;
                return Ok(meant.into_iter().map(|it| encode(testbed.seed, node, it)).collect());
            }
            let held = admins.retry("read the nodes", |admin| {
                admin.sync()?;
                admin.get(&path(node)).map(|(data, _)| expected(testbed.seed, data))
            })?;
            Ok(vec![held; WATCHERS])
        })
        .collect();
    let held = match held {
        Ok(held) => held,
        Err(obstacle) => return testbed.recorder.obstacle(obstacle),
    };
    let start = Instant::now();
    let differing = within(CONVERGENCE_LIMIT, || differing(testbed, &held));
    println!("{:7.2} s  final convergence took {:.2} s", now(testbed), start.elapsed().as_secs_f64());
    for (watcher, node) in differing {
        let log = testbed.hosts[watcher].log_tail(Some(node));
        let what =
            format!("n{node} of watcher {watcher} differs from what is meant for it at the end; {log}");
        testbed.recorder.violation(testbed.clock.now(), Violation::Lost, &what);
    }
    let strays = within(STRAY_LIMIT, || testbed.hosts.iter().flat_map(Host::temporaries).collect());
    for stray in strays {
        testbed.recorder.violation(testbed.clock.now(), Violation::Stray, &stray);
    }
    for (watcher, host) in testbed.hosts.iter().enumerate() {
        if !host.watcher().as_ref().is_some_and(Daemon::is_running) {
            let what = format!("watcher {watcher} exited early; {}", host.log_tail(None));
            testbed.recorder.violation(testbed.clock.now(), Violation::Died, &what);
        }
    }
}

/// Repeats `find` until it finds nothing, at most for `limit`. Returns the last result.
fn within<T>(limit: Duration, find: impl Fn() -> Vec<T>) -> Vec<T> {
    let start = Instant::now();
    loop {
        let found = find();
        if found.is_empty() || start.elapsed() > limit {
            return found;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn differing(testbed: &Testbed, held: &[Vec<Vec<u8>>]) -> Vec<(usize, usize)> {
    let mut differing = Vec::new();
    for (watcher, host) in testbed.hosts.iter().enumerate() {
        let right = |(node, data): &(usize, &Vec<Vec<u8>>)| {
            fs::read(host.file(*node)).is_ok_and(|bytes| bytes == data[watcher])
        };
        let nodes = held.iter().enumerate().filter(|node| !right(node));
        differing.extend(nodes.map(|(node, _)| (watcher, node)));
    }
    differing
}

fn now(testbed: &Testbed) -> f64 {
    testbed.clock.now().as_secs_f64()
}
