//! The hub of the process: an inotify instance, a clock thread and loader threads, shared by all
//! watchers. It starts with the first watcher and ends with the last.

// What only events need is not called on other systems.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

mod backend;
mod clock;
mod events;
mod inner;
mod loaders;
mod registration;
mod schedule;
mod watched;

pub(crate) use registration::Registration;
pub(crate) use watched::{Timing, Watched};
