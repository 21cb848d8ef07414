//! The return of a fleet after an outage of its servers.

use std::fmt;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::event::{now, seconds};
use super::hosts::Hosts;
use super::servers::Servers;
use ld_workspace::Failure;

/// Limit for all hosts to return.
const LIMIT: Duration = Duration::from_secs(180);
/// The time step of rates.
pub(crate) const STEP: Duration = Duration::from_millis(100);
/// Long enough for all sessions to expire and for every backoff to reach its cap.
const LONG: Duration = Duration::from_secs(30);

/// An outage of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outage {
    /// All servers are killed and started again at once. Sessions survive.
    Restart,
    /// All servers are killed, and started again after all sessions have expired.
    Long,
    /// One of three servers is killed for good. Its hosts connect to the others.
    Member,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restart => "restarted at once",
            Self::Long => "away for 30 s",
            Self::Member => "one follower lost",
        })
    }
}

/// The return of the hosts. Times count from the first new session.
#[derive(Debug)]
pub(crate) struct Reconnection {
    /// What the hosts returned from.
    pub(crate) outage: Outage,
    /// Whether they backed off with jitter.
    pub(crate) jitter: bool,
    /// When each session was established, in seconds.
    pub(crate) sessions: Vec<f64>,
    /// Connections opened on this machine in each step.
    pub(crate) connections: Vec<u64>,
}

/// Causes an outage, and waits until all affected hosts have a session again.
pub(crate) fn measure(
    servers: &Servers,
    hosts: &mut Hosts,
    outage: Outage,
    jitter: bool,
) -> Result<Reconnection, Failure> {
    let over = AtomicBool::new(false);
    let (since, established, opened) = thread::scope(|scope| {
        let opened = scope.spawn(|| count_connections(&over));
        let since = now();
        let established = cause(outage, servers, hosts, since);
        over.store(true, Ordering::Relaxed);
        (since, established, opened.join())
    });
    let opened = opened.map_err(|_| Failure::new("the thread that counts connections panicked"))??;
    let established = established?;
    let first = established.iter().copied().min().unwrap_or(since);
    Ok(Reconnection {
        outage,
        jitter,
        sessions: established.iter().map(|at| seconds(first, *at)).collect(),
        connections: opened.into_iter().filter(|(at, _)| *at >= first).map(|(_, count)| count).collect(),
    })
}

/// Causes an outage. Returns when each affected host had a session again.
fn cause(outage: Outage, servers: &Servers, hosts: &mut Hosts, since: u64) -> Result<Vec<u64>, Failure> {
    let mut affected = hosts.size();
    match (outage, servers) {
        (Outage::Member, Servers::Three(ensemble)) => {
            let followers = ensemble.followers();
            let member = followers.first().ok_or_else(|| Failure::new("there is no follower"))?;
            // The connection that reads the metric counts too.
            affected = member.metric("zk_num_alive_connections") as usize - 1;
            member.kill();
        }
        (Outage::Member, Servers::One(_)) => return Err(Failure::new("one server has no other members")),
        (Outage::Restart | Outage::Long, _) => {
            servers.all().iter().for_each(ld_testkit::Server::kill);
            if outage == Outage::Long {
                thread::sleep(LONG);
            }
            servers.all().iter().for_each(ld_testkit::Server::launch);
            servers.all().iter().for_each(ld_testkit::Server::wait_ready);
        }
    }
    hosts.wait_for_sessions(affected, since, LIMIT)
}

/// Counts the connections opened on this machine in each step. Returns them with the end of the
/// step.
fn count_connections(over: &AtomicBool) -> Result<Vec<(u64, u64)>, Failure> {
    let mut last = connections_opened()?;
    let mut steps = Vec::new();
    while !over.load(Ordering::Relaxed) {
        thread::sleep(STEP);
        let opened = connections_opened()?;
        steps.push((now(), opened - last));
        last = opened;
    }
    Ok(steps)
}

fn connections_opened() -> Result<u64, Failure> {
    let path = "/proc/net/snmp";
    let text = fs::read_to_string(path).map_err(Failure::doing(format!("cannot read {path}")))?;
    active_opens(&text).ok_or_else(|| Failure::new(format!("{path} has no ActiveOpens")))
}

/// Reads `ActiveOpens`: a line of names comes before a line of numbers.
fn active_opens(snmp: &str) -> Option<u64> {
    let mut lines = snmp.lines().filter(|line| line.starts_with("Tcp:"));
    let column = lines.next()?.split(' ').position(|name| name == "ActiveOpens")?;
    lines.next()?.split(' ').nth(column)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opened_connections_are_found_by_name() {
        let snmp = "Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm ActiveOpens PassiveOpens\nTcp: 1 42 7\n";
        assert_eq!(active_opens(snmp), Some(42));
        assert_eq!(active_opens("Tcp: PassiveOpens\nTcp: 7\n"), None);
        assert!(connections_opened().is_ok());
    }
}
