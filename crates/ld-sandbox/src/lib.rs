//! Part of live data: takes from the watcher what its configuration does not need, by Landlock.
//!
//! [`Rules`] says which directories a configuration needs, and compares with those of another one:
//! a sandbox cannot be widened. [`Rules::enforce`] gives up all the rest, for the calling thread
//! and all threads and programs that it starts later.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use ld_config::{Config, Environment, Scope};
//! use ld_sandbox::Rules;
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let file = Path::new("/etc/live-data.ini");
//! let config = Config::read(file, &Environment::of_process(), Scope::Watcher)?.config;
//! let open = |directory: &Path| std::fs::File::open(directory).map(Into::into);
//! for gap in Rules::new(file, &config).enforce(open)? {
//!     eprintln!("{gap}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What it deliberately does not do: it restricts neither the network nor signals, and it does not
//! try to make do with a kernel that lacks Landlock.

mod allow;
mod enforce;
mod gaps;
mod open;
mod places;
mod rules;

pub use gaps::{Gap, SandboxError};
/// The crate that this API names.
pub use ld_config;
pub use rules::Rules;

/// The README's links and words are checked with the crate's documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
