//! The return of a fleet whose servers were away.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::crew::Crew;
use super::event::{now, seconds};
use super::servers::Servers;
use ld_workspace::Failure;

/// How long all hosts may take to return.
const LIMIT: Duration = Duration::from_secs(180);
/// The step of the shapes.
pub(super) const STEP: Duration = Duration::from_millis(100);
/// Longer than a session lives without its server, and long enough for every backoff to be at its cap.
const LONG: Duration = Duration::from_secs(30);

/// What happens to the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outage {
    /// All are killed and started again at once: sessions survive.
    Restart,
    /// All are killed and started again when all sessions have expired.
    Long,
    /// One of three is killed and stays away: its hosts go to the others.
    Member,
}

/// How the hosts came back. Times count from the first of them.
#[derive(Debug)]
pub(super) struct Return {
    /// When each session was live again, in seconds.
    pub(super) sessions: Vec<f64>,
    /// How many connections were opened on this machine in each step.
    pub(super) connections: Vec<u64>,
}

/// Does it, and waits until all hosts are back.
pub(super) fn measure(servers: &Servers, crew: &mut Crew, outage: Outage) -> Result<Return, Failure> {
    let over = AtomicBool::new(false);
    let (since, came, opened) = thread::scope(|scope| {
        let opened = scope.spawn(|| count_connections(&over));
        let since = now();
        let came = strike(servers, crew, outage, since);
        over.store(true, Ordering::Relaxed);
        (since, came, opened.join())
    });
    let (came, opened) = (came?, opened.map_err(|_| Failure::new("counting connections failed"))??);
    let first = came.iter().copied().min().unwrap_or(since);
    Ok(Return {
        sessions: came.iter().map(|at| seconds(first, *at)).collect(),
        connections: opened.into_iter().filter(|(at, _)| *at >= first).map(|(_, count)| count).collect(),
    })
}

/// Gives the times at which the affected hosts were back.
fn strike(servers: &Servers, crew: &mut Crew, outage: Outage, since: u64) -> Result<Vec<u64>, Failure> {
    let mut affected = crew.size();
    match (outage, servers) {
        (Outage::Member, Servers::Three(ensemble)) => {
            let followers = ensemble.followers();
            let member = followers.first().ok_or_else(|| Failure::new("there is no follower"))?;
            // The one who asks has a connection, too.
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
    crew.wait_for_sessions(affected, since, LIMIT)
}

/// Counts the connections that are opened on this machine, step by step, with the time at the end of each.
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

/// A line of names, then a line of numbers.
fn active_opens(snmp: &str) -> Option<u64> {
    let mut lines = snmp.lines().filter(|line| line.starts_with("Tcp:"));
    let column = lines.next()?.split(' ').position(|name| name == "ActiveOpens")?;
    lines.next()?.split(' ').nth(column)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opened_connections_are_found_by_their_name() {
        let snmp = "Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm ActiveOpens PassiveOpens\nTcp: 1 42 7\n";
        assert_eq!(active_opens(snmp), Some(42));
        assert_eq!(active_opens("Tcp: PassiveOpens\nTcp: 7\n"), None);
        assert!(connections_opened().is_ok());
    }
}
