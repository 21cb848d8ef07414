//! What a watcher is configured to do.

use std::fmt::Write as _;
use std::path::Path;

use crate::nodes::{ROLLOUTS, follows, host_name};
use crate::schedule::NODES;

/// The chroot of all nodes.
pub(crate) const CHROOT: &str = "/chaos";
/// The node with an owner in its configuration: the number of this process's user. The watcher
/// looks the number up as a user name first.
pub(crate) const OWNED_NODE: usize = 5;
/// The name of its only secret.
pub(super) const SECRET: &str = "secret/zookeeper";
/// The session timeout, and the intervals of heartbeats, of drift checks and of reports.
const SETTINGS: &str = "zookeeper.timeout = 4 seconds\nwatcher.heartbeat_interval = 500 milliseconds\n\
                        watcher.drift_interval = 2 seconds\n\
                        fleet.report = true\nfleet.report_interval = 200 milliseconds\n";

/// What a watcher is configured to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Configuration {
    /// To follow all nodes.
    Original,
    /// The same without this node.
    Without(usize),
    /// The same with the servers in another order.
    OtherOrder,
    /// Nothing: it cannot be read.
    Broken,
}

/// A configuration as a file. `hosts` are the servers, in their usual order.
pub(super) fn text_of(
    configuration: Configuration,
    hosts: &str,
    live: &Path,
    secrets: &Path,
    watcher: usize,
) -> String {
    let (hosts, without) = match configuration {
        Configuration::Broken => return "[live-data]\nzookeeper.hosts = :0\n".to_owned(),
        Configuration::Original => (hosts.to_owned(), None),
        Configuration::Without(node) => (hosts.to_owned(), Some(node)),
        Configuration::OtherOrder => {
            let (first, others) = hosts.split_once(',').unwrap_or((hosts, hosts));
            (format!("{others},{first}"), None)
        }
    };
    let mut text = format!(
        "[live-data]\nzookeeper.hosts = {hosts}{CHROOT}\nzookeeper.credentials = {SECRET}\nsecrets.path = {}\nfleet.host = {}\n{SETTINGS}",
        secrets.display(),
        host_name(watcher)
    );
    for node in (0..NODES).filter(|node| without != Some(*node)) {
        let dest = live.join(format!("n{node}"));
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "nodes.n{node}.source = /n{node}\nnodes.n{node}.dest = {}\nnodes.n{node}.mode = 0644\n",
            dest.display()
        );
        if ROLLOUTS.contains(&node) {
            // Writing to a String cannot fail. The guard rejects bad candidates.
            let _ = writeln!(text, "nodes.n{node}.format = utf8");
        }
        if follows(watcher, node) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "nodes.n{node}.rollout = true");
        }
    }
    if without != Some(OWNED_NODE) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "nodes.n{OWNED_NODE}.owner = {}", rustix::process::geteuid().as_raw());
    }
    text
}
