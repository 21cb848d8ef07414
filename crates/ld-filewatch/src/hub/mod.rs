//! The hub of the process: an inotify instance, a clock thread and loader threads, shared by all
//! watchers. It starts with the first watcher and ends with the last.

mod backend;
mod chain;
mod clock;
mod dirs;
mod events;
mod inner;
mod loader_count;
mod loaders;
mod polled;
mod registration;
mod schedule;
mod slot;
#[cfg(test)]
mod tests;
mod watched;

pub(crate) use registration::Registration;
pub(crate) use watched::{Timing, Watched};
