//! What can go wrong with a rollout.

/// Why a rollout was not started, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolloutError {
    /// Two rollouts of one node exclude each other.
    #[error(
        "there is a rollout of {path} already{by}: see `live-data-ctl rollout status`, or take it back with \
         `live-data-ctl rollout abort`"
    )]
    Exists {
        /// The node that is rolled out.
        path: String,
        /// Its author and its share, in parentheses.
        by: String,
    },
    /// There is no rollout, or it has ended.
    #[error("there is no rollout of {path}")]
    Missing {
        /// The node.
        path: String,
    },
    /// The steps of a rollout cannot be used.
    #[error("nothing was started: {0}")]
    InvalidPace(ld_fleet::InvalidPlan),
    /// No tool and no watcher can follow the plan of a rollout.
    #[error("the rollout of {path} stays as it is: {source}; `live-data-ctl rollout abort` takes it back")]
    InvalidPlan {
        /// The node that is rolled out.
        path: String,
        /// What is wrong with the plan.
        source: ld_fleet::InvalidPlan,
    },
    /// The candidate of a rollout is missing, or another content than the plan says.
    #[error(
        "the candidate of the rollout of {path} is missing, or not the one in the plan, so that all hosts have \
         the content of the node: take the rollout back with `live-data-ctl rollout abort`"
    )]
    NoCandidate {
        /// The node that is rolled out.
        path: String,
    },
    /// The node was changed since the rollout started.
    #[error(
        "{path} was changed since the rollout started, and the candidate would undo that: take it back with \
         `live-data-ctl rollout abort`, and start another one with the change in its candidate"
    )]
    StableChanged {
        /// The node that is rolled out.
        path: String,
    },
}
