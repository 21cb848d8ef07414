//! Writers: each gives new versions to its own nodes at random times, during all faults.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use ld_testkit::{Error, TempDir, TestCommand, binary};

use crate::nodes::{POINTERS, ROLLOUTS};
use crate::schedule::NODES;
use crate::testbed::{CHROOT, Testbed, path};

/// The number of writers.
pub(crate) const WRITERS: usize = 3;
/// The pause between two writes of one writer, in milliseconds.
const PAUSE: std::ops::Range<u64> = 10..140;
/// One in this number of writes is made by `live-data-writer`.
const PROGRAM_SHARE: usize = 60;
/// Limit for `live-data-writer`: all its own limits together, and slack for a busy machine.
const PROGRAM_LIMIT: Duration = Duration::from_secs(120);
/// The message of `live-data-writer` about a write with an unknown outcome.
const UNKNOWN: &str = "unknown whether it was written";

/// Writes until `stop` is set.
pub(crate) fn run(testbed: &Testbed, writer: usize, stop: &AtomicBool) {
    let mut rng = Rng::with_seed(testbed.seed.wrapping_mul(37).wrapping_add(writer as u64));
    let nodes: Vec<usize> =
        (0..NODES).filter(|node| node % WRITERS == writer && !ROLLOUTS.contains(node)).collect();
    let mut admins = testbed.admins();
    let directory = TempDir::new();
    for count in 1.. {
        testbed.pause(Duration::from_millis(rng.u64(PAUSE)));
        if stop.load(Ordering::SeqCst) || testbed.recorder.should_stop() {
            return;
        }
        let node = nodes[rng.usize(..nodes.len())];
        // A fault holds the lock of the node that it changes.
        let Ok(_lock) = testbed.node_locks[node].try_lock() else { continue };
        let version = testbed.history.begin(node);
        let data = testbed.content(node, version);
        // The program shows the difference, and with it the key of a pointer.
        let outcome = if count % PROGRAM_SHARE == 0 && !POINTERS.contains(&node) {
            write_by_program(testbed, &directory, node, &data)
        } else {
            match admins.admin().set(&path(node), &data) {
                Ok(_) => Outcome::Written,
                Err(Error::Connection { .. } | Error::Server { .. }) => Outcome::Unknown,
                Err(_) => Outcome::NotWritten,
            }
        };
        match outcome {
            Outcome::Written => {
                testbed.history.acknowledge(node, version, testbed.clock.now());
                testbed.recorder.with(|counts| counts.writes += 1);
            }
            Outcome::Unknown => {
                testbed.history.mark_unknown(node, version);
                testbed.recorder.with(|counts| {
                    counts.writes += 1;
                    counts.unknown += 1;
                });
                admins.rotate();
            }
            Outcome::NotWritten => {
                testbed.history.mark_rejected(node, version);
                testbed.recorder.with(|counts| counts.rejected += 1);
            }
        }
    }
}

enum Outcome {
    Written,
    Unknown,
    NotWritten,
}

fn write_by_program(testbed: &Testbed, directory: &TempDir, node: usize, data: &[u8]) -> Outcome {
    let (config, source) = (directory.join("config.ini"), directory.join("source"));
    let text = format!("[live-data]\nzookeeper.hosts = {}{CHROOT}\n", testbed.ensemble.connect_string());
    if fs::write(&config, text).and_then(|()| fs::write(&source, data)).is_err() {
        return Outcome::NotWritten;
    }
    let command =
        TestCommand::new(binary("live-data-writer")).arg(config).arg(source).arg(format!("/n{node}"));
    let output = command.run(PROGRAM_LIMIT);
    match output.code {
        Some(0) => Outcome::Written,
        // A version that is reported as not written must never be seen.
        Some(_) if !output.stderr.contains(UNKNOWN) => Outcome::NotWritten,
        _ => Outcome::Unknown,
    }
}
