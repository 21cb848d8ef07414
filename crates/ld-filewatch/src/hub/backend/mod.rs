//! Setting watches on directories: by inotify on Linux. Elsewhere no watch can be set, and the poll
//! notices every change.

#[cfg(target_os = "linux")]
mod inotify;
#[cfg(not(target_os = "linux"))]
mod none;
mod refusal;

#[cfg(target_os = "linux")]
pub(super) use inotify::Backend;
#[cfg(not(target_os = "linux"))]
pub(super) use none::Backend;
pub(super) use refusal::Refusal;
