//! What the live data binaries share: configuration, log lines, the start and the end of the
//! process.
//!
//! Both binaries read the same file in the same way, print errors as one line each and end with 0
//! (done), 1 (failed) or 2 (wrong usage), as the original's do (baseplate.py's sidecars).
//!
//! ```
//! // A file that cannot be opened is wrong usage.
//! let missing = std::path::Path::new("/no/such/config.ini");
//! let failure = ld_cli::read_config(missing, ld_config::Scope::Writer).unwrap_err();
//! assert_eq!(failure, ld_cli::Exit::Usage);
//! ```
//!
//! [`run_main`] is the frame of a binary's `main`: it switches core dumps off, starts logging, and
//! writes out what was logged at the end. Log lines never block the program: see [`MAX_LOG_LINES`]
//! for what happens when nothing reads them. In each line hidden characters are escaped, and a line
//! that comes again and again is written once with a count.
//!
//! It deliberately parses no command line: that is each binary's own. [`parse_duration`] parses one
//! argument.

mod config;
mod core_dumps;
mod duration;
mod exit;
mod log_buffer;
mod log_filter;
mod log_format;
mod log_repeats;
mod log_writer;
mod logging;
mod process;
mod progress;
mod runtime;
mod show_progress;

pub use config::{
    config_to_write, ensemble, is_unopenable, log_config_error, parse_config, read_config,
    read_config_to_write, read_parsed_config,
};
pub use duration::parse_duration;
pub use exit::Exit;
/// The crate that this API names.
pub use ld_config;
pub use log_buffer::{MAX_LOG_BYTES, MAX_LOG_LINES};
pub use log_format::LogFormat;
pub use logging::{FLUSH_LIMIT, LogOptions, ProblemsLogged, flush_log, log_lines_dropped, problems_logged};
pub use process::run_main;
pub use runtime::{DESCRIPTORS_TO_START, build_runtime};
pub use show_progress::{
    end_progress, show_progress, show_progress_in_bytes, show_progress_of_hosts, shows_progress,
};

/// What `--version` prints: the version of this package and, in a release build, the commit.
///
/// The commit is missing if the sources come neither from a git checkout nor from a package that
/// cargo made.
pub const VERSION: &str = env!("LD_VERSION");

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
