//! Part of live data: signatures over what ZooKeeper nodes hold.
//!
//! A signature is an ordinary one of [minisign](https://jedisct1.github.io/minisign/), over the
//! content. Its trusted comment is a [`Statement`]: which node the content is for, and a counter
//! that only grows, so that nothing signed can be shown in another place or at a later time. It is
//! kept beside what is published, at [`place`], and the content itself stays plain.
//!
#![cfg_attr(feature = "sign", doc = "```no_run")]
#![cfg_attr(not(feature = "sign"), doc = "```ignore")]
//! use std::path::Path;
//!
//! use ld_sign::{PublicKeys, SecretKey, Statement, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SecretKey::read(Path::new("/home/me/publisher.key"), None)?;
//! let statement = Statement::new("/app/flags", 1_764_433_000_000);
//! let signature = key.sign(b"{}", &statement)?;
//!
//! let keys = PublicKeys::read(Path::new("/etc/live-data/publishers.pub"))?;
//! assert_eq!(verify(&keys, "/app/flags", b"{}", signature.as_bytes())?, statement);
//! # Ok(())
//! # }
//! ```
//!
//! What it deliberately does not do: it talks to no ZooKeeper, and remembers no counters.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "sign")]
mod counter;
mod place;
mod public;
#[cfg(feature = "sign")]
mod secret;
mod statement;
#[cfg(test)]
mod tests;
mod verify;

#[cfg(feature = "sign")]
pub use counter::counter;
pub use ld_config;
pub use place::{SIGNATURES, hash, place};
pub use public::{KeysError, Problem, PublicKey, PublicKeys};
#[cfg(feature = "sign")]
pub use secret::{SecretKey, SecretKeyError};
pub use statement::{Statement, StatementError};
pub use verify::{MAX_SIGNATURE_BYTES, Refused, verify, verify_with_key};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
