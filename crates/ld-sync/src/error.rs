//! What can go wrong when an engine starts.

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting cannot be used: correct it.
    #[error("{0}")]
    InvalidSetting(#[from] ld_config::InvalidSetting),
    /// Start it on a tokio runtime.
    #[error("an engine needs a tokio runtime: call this within one")]
    NoRuntime,
    /// Raise the limit of threads (`ulimit -u`, `pids.max`).
    #[error(
        "the system refuses a thread for file work: {0}; raise the limit of threads (ulimit -u, pids.max)"
    )]
    NoThread(#[source] std::io::Error),
}
