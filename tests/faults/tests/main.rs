//! Each fault by itself, injected into a running watcher.
//!
//! Each test has a bound on convergence and prints the measured time. It also checks from outside
//! the process what must hold at every moment: no torn file, no older version after a newer one, no
//! heartbeat on a file that is known to be stale.

mod bounds;
mod clock;
mod connection;
mod content;
mod crash;
mod credentials;
mod disk;
mod drift;
mod ensemble;
mod harness;
mod hung_certificates;
mod hung_disks;
mod hung_secrets;
mod hung_users;
mod names;
mod nodes;
mod objects;
mod observer;
mod pointing;
mod private_mount;
mod refusals;
mod refused_calls;
mod rig;
mod scale;
mod server;
mod serving;
mod slots;
mod stalled_stderr;
mod visitors;
mod writer;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::run(&[
        clock::TESTS,
        connection::TESTS,
        crash::TESTS,
        credentials::TESTS,
        disk::TESTS,
        drift::TESTS,
        ensemble::TESTS,
        hung_certificates::TESTS,
        hung_disks::TESTS,
        hung_secrets::TESTS,
        hung_users::TESTS,
        names::TESTS,
        nodes::TESTS,
        objects::TESTS,
        refusals::TESTS,
        refused_calls::TESTS,
        scale::TESTS,
        server::TESTS,
        stalled_stderr::TESTS,
        visitors::TESTS,
        writer::TESTS,
    ])
}
