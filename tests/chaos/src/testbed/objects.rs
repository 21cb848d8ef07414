//! The objects that pointers lead to, on one server with the rules of S3.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ld_testkit::{S3Fault, S3Server};

use crate::nodes::{SSE_KEY, encode, place, pointer};

/// Objects of a node that are kept: more than are written between a backup and its restore.
const KEPT: usize = 500;
/// Requests for one object that meet a fault before it is healed: more than there are.
const REQUESTS: usize = 200;

/// The server, with what is known of its objects.
#[derive(Debug)]
pub(crate) struct Objects {
    server: S3Server,
    nodes: Mutex<BTreeMap<usize, Node>>,
}

#[derive(Debug, Default)]
struct Node {
    /// The places of the objects, oldest first.
    places: VecDeque<String>,
    /// What the requests for them meet.
    fault: Option<S3Fault>,
}

impl Objects {
    pub(super) fn start() -> Self {
        Self { server: S3Server::start(), nodes: Mutex::default() }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Stores the object of a version. Returns the pointer to it.
    pub(super) fn put(&self, seed: u64, node: usize, version: u64) -> Vec<u8> {
        let place = place(node, version);
        let mut nodes = self.lock();
        let objects = nodes.entry(node).or_default();
        self.server.put(&place, encode(seed, node, version), Some(SSE_KEY));
        if let Some(fault) = &objects.fault {
            self.script(&place, fault);
        }
        objects.places.push_back(place);
        if objects.places.len() > KEPT {
            objects.places.pop_front().iter().for_each(|oldest| self.server.remove(oldest));
        }
        pointer(node, version)
    }

    /// Requests for the newest object of a node, and for later ones, meet a fault until
    /// [`Objects::heal`].
    pub(crate) fn spoil(&self, node: usize, fault: S3Fault) {
        let mut nodes = self.lock();
        let objects = nodes.entry(node).or_default();
        objects.places.back().iter().for_each(|place| self.script(place, &fault));
        objects.fault = Some(fault);
    }

    /// Ends the fault of [`Objects::spoil`].
    pub(crate) fn heal(&self, node: usize) {
        let mut nodes = self.lock();
        let objects = nodes.entry(node).or_default();
        objects.fault = None;
        objects.places.iter().for_each(|place| self.server.script(place, []));
    }

    fn script(&self, place: &str, fault: &S3Fault) {
        self.server.script(place, (0..REQUESTS).map(|_| fault.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
