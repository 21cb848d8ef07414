//! The engine against a source in memory and real files, on tokio's paused clock.

mod guards;
mod heartbeat;
mod jitter;
mod jitter_faults;
mod many_nodes;
mod memory;
mod nodes;
mod pointers;
pub(crate) mod rig;
mod rollout;
mod shortage;
mod signed;
mod trust;
mod writing;
