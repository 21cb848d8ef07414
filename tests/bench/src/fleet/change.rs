//! One write, and its way to the files of all hosts.

use std::time::Duration;

use super::super::statistics::{median, percentile};
use super::content::{content, path};
use super::crew::Crew;
use super::event::{now, seconds};
use super::servers::Servers;
use ld_workspace::Failure;

/// How long a change may take to reach the last host.
const LIMIT: Duration = Duration::from_secs(120);

/// What changes of one size cost.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) bytes: usize,
    /// From the acknowledgement of the write to a host's file, over all hosts and rounds.
    pub(super) half: f64,
    pub(super) most: f64,
    /// The last host of a round: the median of the rounds, and the worst.
    pub(super) last: f64,
    pub(super) worst: f64,
    /// CPU seconds for each host: the servers', and the host's own.
    pub(super) cpu: f64,
    pub(super) host_cpu: f64,
    /// The bytes that the servers wrote for each host.
    pub(super) written: f64,
}

/// Writes `rounds` versions of `bytes` each, from `version` on, and waits for each until all hosts have it.
pub(super) fn measure(
    servers: &Servers,
    crew: &mut Crew,
    version: &mut u64,
    bytes: usize,
    rounds: usize,
) -> Result<Change, Failure> {
    let admin = servers.admin();
    let (mut delays, mut lasts) = (Vec::new(), Vec::new());
    let (before, host_before) = (servers.done()?, crew.cpu()?);
    for _ in 0..rounds {
        *version += 1;
        admin.set(&path(0), content(*version, bytes)).map_err(Failure::doing("cannot write"))?;
        let acknowledged = now();
        let round = crew.wait_for_version(*version, LIMIT)?;
        let round: Vec<f64> = round.into_iter().map(|at| seconds(acknowledged, at)).collect();
        lasts.extend(percentile(&round, 100));
        delays.extend(round);
    }
    let (after, host_after) = (servers.done()?, crew.cpu()?);
    let changes = (rounds * crew.size()) as f64;
    let some = |figure: Option<f64>| figure.ok_or_else(|| Failure::new("no round was run"));
    Ok(Change {
        bytes,
        half: some(percentile(&delays, 50))?,
        most: some(percentile(&delays, 99))?,
        last: some(median(&lasts))?,
        worst: some(percentile(&lasts, 100))?,
        cpu: (after.cpu - before.cpu) / changes,
        host_cpu: (host_after - host_before) / changes,
        written: (after.written - before.written) / changes,
    })
}

/// The bytes that a change of `bytes` takes on the wire for one host, by the protocol: the event and the answer to the
/// read that follows it, each with its length in front, without TCP and IP.
pub(super) fn expected_bytes(path: &str, bytes: usize) -> usize {
    const LENGTH: usize = 4;
    const REPLY_HEADER: usize = 4 + 8 + 4;
    const STAT: usize = 68;
    let event = LENGTH + REPLY_HEADER + 4 + 4 + LENGTH + path.len();
    let answer = LENGTH + REPLY_HEADER + LENGTH + bytes + STAT;
    event + answer
}
