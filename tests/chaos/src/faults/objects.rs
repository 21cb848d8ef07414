//! Faults of S3, and of one watcher's network to it.

use ld_testkit::{ProxyMode, S3Fault};

use crate::nodes::POINTERS;
use crate::schedule::{Event, FaultKind};
use crate::testbed::{Scope, Testbed};

/// Where objects are cut, in bytes: in the first line, or behind the first write of most programs.
const CUTS: [usize; 2] = [10, 30_000];

/// The files that such a fault concerns: no other node may wait for an object.
pub(crate) fn scope(event: &Event) -> Scope {
    match event.kind {
        FaultKind::ObjectErrors | FaultKind::ObjectsCut => Scope::Node(node(event)),
        _ => Scope::Objects(event.watcher),
    }
}

pub(crate) fn inject(testbed: &Testbed, event: &Event) -> Result<(), String> {
    let network = |mode| {
        testbed.hosts[event.watcher].object_proxy().set_mode(mode);
        testbed.pause(event.duration);
        testbed.hosts[event.watcher].object_proxy().set_mode(ProxyMode::Pass);
    };
    let server = |fault| {
        testbed.objects.spoil(node(event), fault);
        testbed.pause(event.duration);
        testbed.objects.heal(node(event));
    };
    match event.kind {
        FaultKind::ObjectsReset => network(ProxyMode::Reset),
        FaultKind::ObjectsRefused => network(ProxyMode::Refuse),
        FaultKind::ObjectErrors => server(S3Fault::Status(500, "InternalError")),
        FaultKind::ObjectsCut => server(S3Fault::CutAfter(CUTS[event.pick % CUTS.len()])),
        // Before the headers or in the body: wherever a load is.
        _ => network(ProxyMode::Blackhole),
    }
    Ok(())
}

/// The node with the objects that the fault concerns.
fn node(event: &Event) -> usize {
    POINTERS.start + event.node % POINTERS.len()
}
