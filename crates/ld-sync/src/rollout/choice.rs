//! Which content is meant for a host, and what the log says of that.

use tracing::{info, warn};

/// Which content is meant for this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// That of the stable node.
    Stable,
    /// That of the stable node, since a plan or a candidate cannot be used: why.
    Refused(String),
    /// That of the stable node, since this host may not read plans: why.
    Denied(String),
    /// The candidate of the rollout with this id.
    Candidate(String),
}

impl Choice {
    /// Takes the place of `self` for the node with this name, and logs that if it is news.
    pub(super) fn replace(&mut self, name: &str, choice: Self) {
        if choice == *self {
            return;
        }
        match &choice {
            Self::Stable if matches!(self, Self::Denied(_)) => {
                info!(node = name, "nodes.{name}: rollouts are followed again");
            }
            Self::Stable => info!(node = name, "nodes.{name}: no candidate is meant for this host any more"),
            Self::Candidate(rollout) => {
                info!(
                    node = name,
                    rollout, "nodes.{name}: this host gets the candidate of rollout {rollout}"
                );
            }
            Self::Refused(error) | Self::Denied(error) => {
                warn!(node = name, error, "nodes.{name}: no rollout is followed: {error}");
            }
        }
        *self = choice;
    }
}
