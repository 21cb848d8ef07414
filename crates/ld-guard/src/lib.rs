//! Part of live data: guards against poison, which say what content must be like before it replaces
//! what is good.
//!
//! [`judge`] asks the guards of a node in turn: the least and the most bytes, a format, and a check
//! program of the operator's. The watcher asks before it replaces a file, the writer before it
//! writes a node, so that both give the same answer.
//!
//! ```
//! use ld_config::{Format, Guards};
//! use ld_guard::{Checks, Error, judge};
//!
//! let mut guards = Guards::default();
//! guards.format = Some(Format::Json);
//! let no_file = |_: &[u8]| Err::<std::path::PathBuf, _>("only a check needs a file");
//! judge(&guards, b"{\"percent\": 5}", &Checks::default(), no_file)?;
//!
//! let error = judge(&guards, b"{\"percent\": ", &Checks::default(), no_file).unwrap_err();
//! assert_eq!(error.to_string(), "it is not JSON: it ends too early at line 1, column 12");
//! # Ok::<(), Error>(())
//! ```
//!
//! What it deliberately does not do: it builds nothing from content, shows nothing of it, and does
//! not know where it comes from or goes to.
//!
//! The features `toml` and `yaml`, both on by default, bring the parsers of these formats.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod check;
mod error;
mod format;
mod judge;

#[cfg(test)]
mod tests;

pub use check::ask_program;
pub use error::{Error, Guard};
pub use format::supports;
pub use judge::{judge, judge_file};
/// The checks that run for one owner, which ends them before it ends itself.
pub use ld_program::Programs as Checks;

/// The crates that this API names.
pub use {ld_config, ld_program};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
