//! The propagation of one write to the files of all hosts.

use std::time::Duration;

use super::content::{content, path};
use super::event::{now, seconds};
use super::hosts::Hosts;
use super::servers::Servers;
use crate::figures::{median, percentile};
use ld_workspace::Failure;

/// Limit for a change to reach the last host.
const LIMIT: Duration = Duration::from_secs(120);

/// Times and costs of changes of one size.
#[derive(Debug)]
pub(crate) struct Propagation {
    pub(crate) bytes: usize,
    /// Seconds from the acknowledgement of the write to a host's file, over all hosts and rounds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Seconds to the last host of a round: the median and the worst round.
    pub(crate) last_median: f64,
    pub(crate) last_worst: f64,
    /// CPU seconds for each host: of the servers, and of the host itself.
    pub(crate) server_cpu: f64,
    pub(crate) host_cpu: f64,
    /// Bytes that the servers wrote for each host.
    pub(crate) written: f64,
}

/// Writes `rounds` versions after `version`, of `bytes` bytes each. Waits for each to reach all
/// hosts.
pub(crate) fn measure(
    servers: &Servers,
    hosts: &mut Hosts,
    version: &mut u64,
    bytes: usize,
    rounds: usize,
) -> Result<Propagation, Failure> {
    let admin = servers.admin();
    let (mut delays, mut lasts) = (Vec::new(), Vec::new());
    let (before, host_before) = (servers.counters()?, hosts.cpu()?);
    for _ in 0..rounds {
        *version += 1;
        admin.set(&path(0), content(*version, bytes)).map_err(Failure::doing("cannot write a node"))?;
        let acknowledged = now();
        let round = hosts.wait_for_version(*version, LIMIT)?;
        let round: Vec<f64> = round.into_iter().map(|at| seconds(acknowledged, at)).collect();
        lasts.extend(percentile(&round, 100));
        delays.extend(round);
    }
    let (after, host_after) = (servers.counters()?, hosts.cpu()?);
    let changes = (rounds * hosts.size()) as f64;
    let some = |figure: Option<f64>| figure.ok_or_else(|| Failure::new("there were no rounds"));
    Ok(Propagation {
        bytes,
        p50: some(percentile(&delays, 50))?,
        p99: some(percentile(&delays, 99))?,
        last_median: some(median(&lasts))?,
        last_worst: some(percentile(&lasts, 100))?,
        server_cpu: (after.cpu - before.cpu) / changes,
        host_cpu: (host_after - host_before) / changes,
        written: (after.written - before.written) / changes,
    })
}

/// The bytes that a change of `bytes` bytes sends to one host by the protocol, without TCP and IP:
/// the event and the reply to the read, each with its length in front.
pub(crate) fn expected_bytes(path: &str, bytes: usize) -> usize {
    const LENGTH: usize = 4;
    const REPLY_HEADER: usize = 4 + 8 + 4;
    const STAT: usize = 68;
    let event = LENGTH + REPLY_HEADER + 4 + 4 + LENGTH + path.len();
    let reply = LENGTH + REPLY_HEADER + LENGTH + bytes + STAT;
    event + reply
}
