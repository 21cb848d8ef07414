//! What the live data binaries share: reading their configuration, log lines, exit codes.
//!
//! Both binaries read the same file in the same way, print errors as one line each and end with 0 (done),
//! 1 (failed) or 2 (wrong usage), as the original's do (baseplate.py's sidecars).
//!
//! ```
//! // A file that cannot be opened is wrong usage.
//! let missing = std::path::Path::new("/no/such/config.ini");
//! let failure = ld_cli::read_config(missing, ld_config::Scope::Writer).unwrap_err();
//! assert_eq!(failure, ld_cli::Exit::Usage);
//! ```
//!
//! It deliberately parses no arguments: that is each binary's own.

mod config;
mod exit;
mod logging;

pub use config::read_config;
pub use exit::Exit;
pub use logging::{flush_lines, gather_lines, init_logging};
