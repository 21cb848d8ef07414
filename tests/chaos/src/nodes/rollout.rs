//! The nodes with rollouts: which hosts take part, and which of them belong to a share.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::schedule::{NODES, WATCHERS};

/// The nodes with rollouts. All their changes are made by one thread.
pub(crate) const ROLLOUTS: Range<usize> = 3..5;
/// The streams of a history: one for each node, and one for each file of a node with rollouts.
pub(crate) const STREAMS: usize = NODES + WATCHERS * (ROLLOUTS.end - ROLLOUTS.start);

/// Whether a watcher takes part in rollouts of a node. One watcher does not for one node.
pub(crate) fn follows(watcher: usize, node: usize) -> bool {
    ROLLOUTS.contains(&node) && (watcher, node) != (WATCHERS - 1, ROLLOUTS.end - 1)
}

/// The name of a watcher's host in the fleet.
pub(crate) fn host_name(watcher: usize) -> String {
    format!("chaos-{watcher}")
}

/// The stream of what is meant for a file.
pub(crate) fn stream(watcher: usize, node: usize) -> usize {
    if ROLLOUTS.contains(&node) { NODES + (node - ROLLOUTS.start) * WATCHERS + watcher } else { node }
}

/// Whether a host belongs to a share of 10,000 parts of a rollout. This is what the documentation
/// says, and shares no code with the watcher.
pub(crate) fn includes(rollout: &str, share: u64, host: &str) -> bool {
    let digest = Sha256::digest(format!("{rollout}\n{host}"));
    let first = digest.iter().take(8).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    (first * 10_000) >> 64 < u128::from(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_grows_from_no_host_to_all() {
        for watcher in 0..WATCHERS {
            let has = |share| includes("0123456789abcdef", share, &host_name(watcher));
            assert!(!has(0) && has(10_000));
            assert!((0..10_000).all(|share| !has(share) || has(share + 1)));
        }
    }
}
