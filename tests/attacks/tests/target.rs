//! A watcher that follows nodes of a hostile server.

use std::time::Duration;

use ld_testkit::hostile::{HostileServer, Rule};
use ld_testkit::{Daemon, Host, SOON};

/// A host with a watcher that follows `/flags`, which starts as "version 0".
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) server: HostileServer,
    pub(crate) host: Host,
    pub(crate) watcher: Daemon,
    version: u32,
    text: fn(u32) -> String,
}

/// The content of a version.
fn plain(version: u32) -> String {
    format!("version {version}")
}

impl Target {
    /// Starts the watcher with an honest server and waits for the file.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::start_with(|host| host)
    }

    /// As [`Target::start`], with more settings.
    #[track_caller]
    pub(crate) fn start_with(settings: impl FnOnce(Host) -> Host) -> Self {
        Self::start_as(settings, plain)
    }

    /// As [`Target::start_with`], with other content: `text` makes it from a version's number.
    #[track_caller]
    pub(crate) fn start_as(settings: impl FnOnce(Host) -> Host, text: fn(u32) -> String) -> Self {
        let server = HostileServer::start();
        server.set("/flags", text(0));
        let host = settings(host(&server));
        let watcher = host.watcher().limit("core", 0).start();
        host.wait_for("flags", text(0));
        Self { server, host, watcher, version: 0, text }
    }

    /// Changes the node and does not wait for the file.
    pub(crate) fn change(&mut self) {
        self.version += 1;
        self.server.set("/flags", self.content());
    }

    /// The content of the node.
    pub(crate) fn content(&self) -> String {
        (self.text)(self.version)
    }

    /// Makes the server honest and asserts that the node is followed.
    #[track_caller]
    pub(crate) fn assert_followed(&mut self, after: &str) {
        self.assert_followed_within(after, SOON);
    }

    /// As [`Target::assert_followed`], with another limit.
    #[track_caller]
    pub(crate) fn assert_followed_within(&mut self, after: &str, limit: Duration) {
        self.server.be_honest();
        self.change();
        let content = self.content();
        self.watcher.wait_until(&format!("{content:?} in the file after {after}"), limit, |_| {
            self.host.read("flags").as_deref() == Some(content.as_bytes())
        });
        assert!(self.watcher.is_running(), "after {after}: {}", self.watcher.stderr());
    }

    /// Adds `rule`, lets `provoke` make the watcher send the request, and waits until a reply was
    /// changed.
    #[track_caller]
    pub(crate) fn attack(&mut self, name: &str, rule: Rule, provoke: impl FnOnce(&mut Self)) {
        let before = self.server.attacks();
        self.server.add(rule);
        provoke(self);
        self.watcher.wait_until(name, SOON, |_| self.server.attacks() > before);
    }

    /// The watcher's resident memory, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        self.watcher.memory("VmRSS")
    }
}

/// A host with the node `/flags` and a short session timeout.
pub(crate) fn host(server: &HostileServer) -> Host {
    Host::new(server.connect_string()).node("flags", "/flags").setting("zookeeper.timeout", "2 seconds")
}

/// How long a test observes a hostile server to show that something does not happen.
pub(crate) const OBSERVED: Duration = Duration::from_secs(3);
