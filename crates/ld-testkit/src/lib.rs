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

mod admin;
mod binary;
mod certificates;
mod command;
mod daemon;
mod data;
mod dirs;
mod disks;
mod ensemble;
mod error;
mod fake_clock;
mod faults;
mod fifo;
mod four_letter;
mod frames;
pub mod hostile;
mod hosts_file;
mod jvm;
mod lane;
mod namespace;
mod node;
pub mod operation;
mod output;
mod planted;
mod port;
mod process;
mod proxy;
mod record;
mod relay;
mod secure_port;
mod server;
mod server_options;
mod session;
mod unroutable;
mod wait;
mod wire;

pub use data::Backup;
pub use ensemble::Ensemble;
pub use four_letter::{ServerMode, four_letter_command};
pub use jvm::missing_packages;
pub use namespace::Namespace;
pub use secure_port::SecurePort;
pub use server::Server;
pub use server_options::ServerOptions;

pub use admin::Admin;
pub use error::Error;
pub use node::{Acl, Stat, Step};

pub use proxy::{Proxy, ProxyMode};
pub use record::ProxyCounts;
pub use session::Session;
pub use unroutable::Unroutable;

pub use binary::binary;
pub use certificates::{Authority, Certificate};
pub use command::{TestCommand, TestOutput};
pub use daemon::Daemon;
pub use disks::Disks;
pub use fake_clock::FakeClock;
pub use faults::Faults;
pub use fifo::replace_by_fifo;
pub use hosts_file::HostsFile;
pub use planted::PLANTED;

pub use dirs::TempDir;
pub use wait::{wait_for, wait_until};
