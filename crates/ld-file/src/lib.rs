//! Part of live data: files replaced whole, on file systems that may hang.
//!
//! [`replace`] makes a file hold some content, with an owner and a mode. It blocks, so
//! [`ld_blocking::BoundedCalls`] gives it a limit:
//!
//! ```
//! use std::time::Duration;
//!
//! use ld_file::ld_blocking::{BoundedCalls, Spawner};
//! use ld_file::{Target, replace};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("flags.json");
//! let writes = BoundedCalls::new("writing the flags", Spawner::Threads, 1);
//! let dest = path.clone();
//! let write = move || {
//!     let mut target = Target::new(&dest);
//!     target.mode = 0o440;
//!     replace(target, b"{\"percent\": 5}")
//! };
//! let replaced = writes.run(Duration::from_secs(10), write).await??;
//! assert!(replaced);
//! assert_eq!(std::fs::read(&path)?, b"{\"percent\": 5}");
//! # Ok(())
//! # }
//! ```
//!
//! For many files there are [`Disks`]: a queue and a few threads for each file system, so that one
//! that hangs delays no other. A thread does what has queued up as one batch, which shares flushes.
//! The answer to each job carries what is known of the file, for [`Work::Touch`] and
//! [`Work::Verify`]: whether it still is as it was last written.
//!
//! A file is replaced whole or left alone: temporary file, content, owner, mode, fsync, rename,
//! fsync of the directory. No symlink of another user is followed on the way, and what other users
//! can do meanwhile is an error, never another file. [`sweep`] removes the temporary files that a
//! killed process left.
//!
//! What it deliberately does not do: it never changes a file in place, keeps no state on disk, and
//! does not know where content comes from.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod disk;
mod file;
mod users;

pub use disk::{
    Answer, Claimant, Destination, Disk, Disks, Done, Existing, JobError, LOOK_LIMIT, Proof, Queue, STALL,
    SameFile, Work,
};
#[cfg(feature = "faults")]
#[doc(hidden)]
pub use file::set_before_open;
pub use file::{
    Change, Depth, Digest, Drift, FileError, FileUnderCheck, Filled, Incoming, Owner, Sweep, Target,
    open_destination_directory, replace, sweep,
};
pub use users::{UserError, Users};

/// The crate that this API names.
pub use ld_blocking;

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
