//! Part of live data: programs that a configuration names, such as checks and hooks.
//!
//! [`Programs`] are those that run for one owner. Each runs in a session of its own with a limit,
//! and is killed as a whole: when it is late, when it leaves processes behind, or when its owner
//! ends.
//!
//! ```
//! use std::process::Command;
//! use std::time::Duration;
//!
//! use ld_program::{Ended, Programs};
//!
//! let programs = Programs::default();
//! let active = programs.begin().expect("they are not ended");
//! let mut command = Command::new("/bin/sh");
//! command.args(["-c", "echo done; exit 3"]);
//! let mut output: Vec<u8> = Vec::new();
//! let limit = Duration::from_secs(10);
//! let ended = active.run_with_output(command, limit, |piece| output.extend(piece))?;
//! assert!(matches!(ended, Ended::Itself(status) if status.code() == Some(3)));
//! assert_eq!(output, b"done\n");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What it deliberately does not do: it uses no shell, and keeps no output.

mod children;
mod first_line;
mod programs;
mod run;
mod session;

pub use children::reap_orphans;
pub use first_line::{explain, explain_status};
pub use programs::{Active, Programs};
pub use run::{Ended, clear_environment};

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
