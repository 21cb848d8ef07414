//! Part of live data: what runs after the file of a node has changed.
//!
//! [`Hooks`] follows the states of an [`Engine`](ld_sync::Engine). After a file was replaced or
//! removed it runs the program of its node, sends its signal, or both. While one runs at most one
//! more waits. A failure is logged, counted and tried again. Nothing of this holds up a file.
//!
//! ```no_run
//! use ld_config::{CommandLine, NodeConfig};
//! use ld_hook::Hooks;
//! use ld_sync::Engine;
//!
//! # fn example(engine: &Engine) -> Result<(), ld_config::InvalidSetting> {
//! let nodes = [NodeConfig::builder("flags", "/flags", "/var/lib/app/flags.json")
//!     .on_change(CommandLine::new("/usr/sbin/nginx", ["-s", "reload"]))
//!     .build()?];
//! let mut hooks = Hooks::default();
//! hooks.follow(&nodes, engine.changes());
//! # Ok(())
//! # }
//! ```
//!
//! What it deliberately does not do: it uses no shell, keeps no state on disk, and hands no content
//! to a program but by the path of the file.

mod action;
mod event;
mod hooks;
mod log;
mod output;
mod pid_file;
mod runner;
mod runs;
mod seen;

pub use hooks::Hooks;
pub use runs::{NodeRuns, Runs};
/// The crates that this API names.
pub use {ld_config, ld_sync};

/// The README's links and words are checked with the crate's documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
