//! What the live data programs that write nodes share: signals, the configured credentials, the
//! new content, the guards that judge it, and what goes to standard output.
//!
//! Errors are logged where they are found, as in `ld-cli`; an [`Exit`](ld_cli::Exit) says how the
//! process ends.
//!
//! ```
//! // A file that cannot be opened is wrong usage.
//! let missing = std::path::Path::new("/no/such/file");
//! assert_eq!(ld_tool::read_source(missing, 1_000, false), Err(ld_cli::Exit::Usage));
//! ```
//!
//! What it deliberately does not do: it parses no command line, and writes no node
//! ([`ld_publish`] does).

#![cfg_attr(docsrs, feature(doc_cfg))]

mod author;
mod client;
mod credentials;
mod guards;
mod interrupt;
mod output;
mod pointers;
mod publish;
mod signing;
mod source;
mod thread;

pub use author::{note, note_if_kept, user_at_host};
pub use client::{CLOSE_LIMIT, client};
pub use credentials::check_credentials;
pub use guards::{judge, judge_content};
pub use interrupt::{Interrupt, before_any_write};
pub use output::{colour, report_published, show};
pub use pointers::{diff, diff_contents};
pub use publish::{Publishing, publish_signature};
pub use signing::{KeyFiles, Signing, read_key};
pub use source::{Opened, open_source, read_source, unreadable};
pub use thread::{UNLIMITED, failed, on_a_thread};

/// The crates that this API names.
pub use {ld_cli, ld_config, ld_publish, ld_zk};
