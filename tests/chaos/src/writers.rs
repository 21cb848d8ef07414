//! Writers: each has its own nodes and gives them new versions at random, through faults.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use ld_testkit::{Error, TempDir, TestCommand, binary};

use super::document;
use super::schedule::NODES;
use super::site::CHROOT;
use super::world::{Hand, World, path};

/// Writers at one time.
pub(super) const WRITERS: usize = 3;
/// The pause between two writes of one writer, in milliseconds.
const PAUSE: std::ops::Range<u64> = 10..140;
/// One write in so many is made by the built writer.
const BUILT_IN: usize = 60;
/// How long the built writer may take: all of its limits together, and slack for a busy machine.
const BUILT_LIMIT: Duration = Duration::from_secs(120);
/// What the built writer says of a write that may have happened.
const UNKNOWN: &str = "unknown whether it was written";

/// Writes until the run is over.
pub(super) fn write(world: &World, writer: usize, over: &AtomicBool) {
    let mut rng = Rng::with_seed(world.seed.wrapping_mul(37).wrapping_add(writer as u64));
    let nodes: Vec<usize> = (0..NODES).filter(|node| node % WRITERS == writer).collect();
    let mut hand = Hand::new(world);
    let directory = TempDir::new();
    for count in 1.. {
        world.pause(Duration::from_millis(rng.u64(PAUSE)));
        if over.load(Ordering::SeqCst) || world.tally.shall_stop() {
            return;
        }
        let node = nodes[rng.usize(..nodes.len())];
        // A node that a fault has in its hands is left alone.
        let Ok(_pen) = world.pens[node].try_lock() else { continue };
        let version = world.ledger.begin(node);
        let data = document::encode(world.seed, node, version);
        let outcome = if count % BUILT_IN == 0 {
            built(world, &directory, node, &data)
        } else {
            match hand.admin().set(&path(node), &data) {
                Ok(_) => Outcome::Written,
                Err(Error::Connection { .. } | Error::Server { .. }) => Outcome::Unknown,
                Err(_) => Outcome::NotWritten,
            }
        };
        match outcome {
            Outcome::Written => {
                world.ledger.held(node, version, world.clock.now());
                world.tally.with(|counts| counts.writes += 1);
            }
            Outcome::Unknown => {
                world.ledger.doubt(node, version);
                world.tally.with(|counts| {
                    counts.writes += 1;
                    counts.doubtful += 1;
                });
                hand.turn();
            }
            Outcome::NotWritten => {
                world.ledger.refuse(node, version);
                world.tally.with(|counts| counts.refused += 1);
            }
        }
    }
}

enum Outcome {
    Written,
    Unknown,
    NotWritten,
}

fn built(world: &World, directory: &TempDir, node: usize, data: &[u8]) -> Outcome {
    let (config, source) = (directory.join("config.ini"), directory.join("source"));
    let text = format!("[live-data]\nzookeeper.hosts = {}{CHROOT}\n", world.ensemble.connect_string());
    if fs::write(&config, text).and_then(|()| fs::write(&source, data)).is_err() {
        return Outcome::NotWritten;
    }
    let command =
        TestCommand::new(binary("live-data-writer")).arg(config).arg(source).arg(format!("/n{node}"));
    let output = command.run(BUILT_LIMIT);
    match output.code {
        Some(0) => Outcome::Written,
        // It is taken at its word: a version that it denies must never be seen.
        Some(_) if !output.stderr.contains(UNKNOWN) => Outcome::NotWritten,
        _ => Outcome::Unknown,
    }
}
