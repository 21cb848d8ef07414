//! Real ZooKeeper servers, a fault proxy and what else the tests of live data need. Never published.
//!
//! Everything is synchronous: no async runtime is needed, and each call can be made from an async test, too (it blocks
//! its thread for a moment). Nothing outlives the test process, however that ends. The kit panics when the
//! machine lacks something, with the command that installs it: a test that passes without its server lies.
//!
//! ```
//! use ld_testkit::{Proxy, ProxyMode, Server};
//!
//! let server = Server::start(); // a private one; `Server::shared()` is the process's
//! let proxy = Proxy::start(server.address());
//! let client_uses = proxy.connect_string();
//! proxy.set_mode(ProxyMode::Blackhole); // silent, sockets open
//! proxy.set_mode(ProxyMode::Pass); // healed
//! proxy.reset_connections();
//! server.kill();
//! server.restart(); // same port, same data
//! assert_eq!(server.metric("zk_num_alive_connections"), 1.0, "only the asker's");
//! # assert!(client_uses.starts_with("127.0.0.1:"));
//! ```
//!
//! - [`Server`], [`Ensemble`]: real servers, killed, frozen, restarted, wiped, restored from a [`Backup`].
//! - [`Namespace`]: a chroot of its own on one server that a whole test binary shares.
//! - [`Admin`]: what a test does to nodes behind the back of the code under test.
//! - [`Proxy`], [`Unroutable`], [`HostsFile`]: the network's faults. [`Session::expire`]: an expiry at once.
//! - [`hostile::Server`]: a server that speaks the protocol and misbehaves by script.
//! - [`SecurePort`], [`Authority`]: a real server's TLS port, with certificates good and bad.
//! - [`Host`]: a host of a fleet with a configuration, and the built watcher and writer.
//! - [`TestCommand`], [`Daemon`], [`binary`]: the built binaries, with signals, users, limits, captured output; and with a
//!   [`FakeClock`].
//! - [`Faults`], [`Disks`], [`replace_by_fifo`]: system calls and look-ups of users that hang, threads
//!   that are refused, frozen file systems.
//! - [`wait_until`]: never a fixed sleep.
//!
//! An expired session, from outside:
//!
//! ```
//! use ld_testkit::{Admin, Namespace, Proxy, Session};
//!
//! let test = Namespace::new();
//! let proxy = Proxy::start(test.server().address());
//! let client = Admin::new(proxy.address()); // stands for the client under test
//! client.create(&test.path("/node"), b"data")?;
//! let session = Session::expire(&proxy, test.server().address(), || {});
//! assert!(session.close(test.server().address()).is_err(), "it has expired");
//! # Ok::<(), ld_testkit::Error>(())
//! ```
//!
//! What it deliberately is not: a mock. Only [`hostile`] imitates a server, to attack. What the kit says over
//! ZooKeeper's protocol it says with code of its own: a bug of the client under test cannot hide behind it.

mod disk;
mod error;
mod host;
pub mod hostile;
mod network;
mod process;
mod wait;
mod zookeeper;

pub use zookeeper::data::Backup;
pub use zookeeper::ensemble::Ensemble;
pub use zookeeper::four_letter::{ServerMode, four_letter_command};
pub use zookeeper::jvm::missing_packages;
pub use zookeeper::namespace::Namespace;
pub use zookeeper::secure_port::SecurePort;
pub use zookeeper::server::Server;
pub use zookeeper::server_options::ServerOptions;

pub use error::Error;
pub use zookeeper::admin::Admin;
pub use zookeeper::node::{Acl, Stat, Step};
pub use zookeeper::operation;
pub use zookeeper::session::Session;

pub use network::certificates::{Authority, Certificate};
pub use network::hosts_file::HostsFile;
pub use network::proxy::{Proxy, ProxyMode};
pub use network::traffic::ProxyCounts;
pub use network::unroutable::Unroutable;

pub use process::binary::binary;
pub use process::command::{TestCommand, TestOutput};
pub use process::daemon::Daemon;
pub use process::fake_clock::FakeClock;
pub use process::faults::Faults;

pub use disk::dirs::TempDir;
pub use disk::disks::Disks;
pub use disk::fifo::replace_by_fifo;
pub use disk::planted::PLANTED;

pub use host::config::{Host, SOON};
pub use host::held_writer::HeldWriter;
pub use host::sleeping_check::SleepingCheck;
pub use host::snapshot::Snapshot;

pub use wait::{wait_for, wait_until};
