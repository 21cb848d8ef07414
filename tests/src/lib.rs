//! What the end-to-end tests share: a host with a configuration, the built binaries and the files they keep.
//!
//! ```no_run
//! use ld_testkit::Namespace;
//! use ld_tests::Host;
//!
//! let zookeeper = Namespace::new();
//! zookeeper.admin().create(&zookeeper.path("/flags"), "on").unwrap();
//! let host = Host::new(zookeeper.connect_string()).node("flags", "/flags");
//! let watcher = host.watcher().start();
//! host.wait_for("flags", "on");
//! # drop(watcher);
//! ```

mod held_writer;
mod host;
mod sleeping_check;
mod snapshot;

pub use held_writer::HeldWriter;
pub use host::{Host, SOON};
pub use sleeping_check::SleepingCheck;
pub use snapshot::Snapshot;
