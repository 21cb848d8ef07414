//! Connections to all servers of the ensemble, for one thread of the run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ld_testkit::{Admin, Error};

/// Limit for an operation that needs the ensemble. Elections and restarts are over by then.
pub(crate) const RETRY_LIMIT: Duration = Duration::from_secs(90);
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// The servers that a fault concerns at the moment, one bit for each.
#[derive(Debug, Default)]
pub(crate) struct FaultyServers(AtomicUsize);

impl FaultyServers {
    /// Marks a server as faulty, or as sound again.
    pub(super) fn set(&self, server: usize, is_faulty: bool) {
        let bit = 1 << server;
        if is_faulty {
            self.0.fetch_or(bit, Ordering::SeqCst);
        } else {
            self.0.fetch_and(!bit, Ordering::SeqCst);
        }
    }

    /// Whether a fault concerns this server.
    pub(crate) fn contains(&self, server: usize) -> bool {
        self.0.load(Ordering::SeqCst) & (1 << server) != 0
    }
}

/// One connection to each server.
#[derive(Debug)]
pub(crate) struct AdminPool<'a> {
    faulty: &'a FaultyServers,
    admins: Vec<Admin>,
    server: usize,
}

impl<'a> AdminPool<'a> {
    pub(super) fn new(faulty: &'a FaultyServers, admins: Vec<Admin>) -> Self {
        Self { faulty, admins, server: 0 }
    }

    /// The connection to a sound server, if there is one.
    pub(crate) fn admin(&self) -> &Admin {
        let mut order = (0..self.admins.len()).map(|step| (self.server + step) % self.admins.len());
        let sound = order.find(|server| !self.faulty.contains(*server));
        &self.admins[sound.unwrap_or(self.server)]
    }

    /// Prefers the next server, after a failure.
    pub(crate) fn rotate(&mut self) {
        self.server = (self.server + 1) % self.admins.len();
    }

    /// Retries an operation until it succeeds, or until it fails for a reason other than the
    /// servers.
    pub(crate) fn retry<T>(
        &mut self,
        what: &str,
        operation: impl Fn(&Admin) -> Result<T, Error>,
    ) -> Result<T, String> {
        let start = Instant::now();
        loop {
            match operation(self.admin()) {
                Ok(value) => return Ok(value),
                Err(Error::Connection { .. } | Error::Server { .. }) if start.elapsed() < RETRY_LIMIT => {
                    self.rotate();
                    thread::sleep(RETRY_INTERVAL);
                }
                Err(error) => return Err(format!("cannot {what}: {error}")),
            }
        }
    }
}
