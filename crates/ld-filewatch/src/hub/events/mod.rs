//! Events: what the path to a file is watched for, and what a received event means.

#[cfg(target_os = "linux")]
mod received;
mod walk;

#[cfg(target_os = "linux")]
pub(super) use received::backend;
