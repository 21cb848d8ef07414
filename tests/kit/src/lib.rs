//! Real ZooKeeper servers, a fault proxy, and everything else that the tests of live data share.
//! Never published.
//!
//! All calls block. They need no async runtime, and an async test may make them, too. Nothing
//! outlives the test process, even if it is killed. When a program is missing, the kit panics with
//! the command that installs it, because a test without its server proves nothing.
//!
//! ```
//! use ld_testkit::{Proxy, ProxyMode, Server};
//!
//! let server = Server::start(); // a private one; `Server::shared()` is the one of the process
//! let proxy = Proxy::start(server.address());
//! let client_uses = proxy.connect_string();
//! proxy.set_mode(ProxyMode::Blackhole); // silent, sockets open
//! proxy.set_mode(ProxyMode::Pass); // healed
//! proxy.reset_connections();
//! server.kill();
//! server.restart(); // same port, same data
//! assert_eq!(server.metric("zk_num_alive_connections"), 1.0, "only the connection that asks");
//! # assert!(client_uses.starts_with("127.0.0.1:"));
//! ```
//!
//! - [`Server`], [`Ensemble`]: real servers to kill, freeze, restart, wipe and restore from a
//!   [`Backup`].
//! - [`Namespace`]: a chroot for one test, on one server that the whole test binary shares.
//! - [`Admin`]: a client with which a test changes nodes beside the code under test.
//! - [`S3Server`]: an S3 server with the rules that AWS documents, and faults by script.
//! - [`Proxy`], [`Unroutable`], [`HostsFile`]: network faults. [`Session::expire`]: an expired
//!   session.
//! - [`hostile::HostileServer`]: a server that speaks the protocol and misbehaves by script.
//! - [`SecurePort`], [`Authority`]: a real server's TLS port, with valid and invalid certificates.
//! - [`Host`]: a host of a fleet with its configuration, and the built watcher and writer.
//! - [`TestCommand`], [`Daemon`], [`binary`]: the built programs, with signals, users, limits and
//!   captured output. [`FakeClock`]: their wall clock.
//! - [`Faults`], [`Disks`], [`replace_by_fifo`]: system calls and user look-ups that hang, refused
//!   threads, frozen file systems.
//! - [`wait_until`]: waits with a deadline instead of a fixed sleep.
//!
//! # Which ZooKeeper
//!
//! Servers run from Debian's `zookeeper` package. The environment variable
//! `LD_TEST_ZOOKEEPER_CLASSPATH` selects another ZooKeeper: it is a class path in Java's notation,
//! with absolute paths.
//!
//! ```sh
//! LD_TEST_ZOOKEEPER_CLASSPATH='/opt/apache-zookeeper-3.9.5-bin/lib/*' cargo test -p ld-e2e
//! ```
//!
//! # An expired session
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
//! # No mock
//!
//! Only [`hostile`] imitates a server, to attack, and [`S3Server`] one that cannot be installed
//! with all of its rules. The kit speaks ZooKeeper's protocol with code of
//! its own, so a bug of the client under test cannot hide behind it.

mod disk;
mod error;
mod host;
pub mod hostile;
mod network;
mod process;
mod s3;
mod wait;
mod zookeeper;

pub use s3::{S3_ACCESS_KEY, S3_SECRET_KEY, S3Fault, S3Request, S3Server, s3_variables, sse_c_headers};
pub use zookeeper::backup::Backup;
pub use zookeeper::ensemble::Ensemble;
pub use zookeeper::four_letter::{ServerMode, four_letter_command};
pub use zookeeper::jvm::missing_packages;
pub use zookeeper::namespace::Namespace;
pub use zookeeper::secure_port::SecurePort;
pub use zookeeper::server::Server;
pub use zookeeper::server_options::ServerOptions;

pub use error::Error;
pub use zookeeper::admin::Admin;
pub use zookeeper::node::{Acl, Stat};
pub use zookeeper::operation;
pub use zookeeper::session::Session;
pub use zookeeper::transaction::Step;

pub use network::certificates::{Authority, Certificate};
pub use network::hosts_file::HostsFile;
pub use network::http::http_get;
pub use network::mode::ProxyMode;
pub use network::proxy::Proxy;
pub use network::traffic::ProxyCounts;
pub use network::unroutable::Unroutable;

pub use process::binary::binary;
pub use process::command::{TestCommand, TestOutput};
pub use process::daemon::Daemon;
pub use process::fake_clock::FakeClock;
pub use process::faults::Faults;
pub use process::secret_marker::SECRET_MARKER;

pub use disk::disks::Disks;
pub use disk::fifo::replace_by_fifo;
pub use disk::temp_dir::TempDir;

pub use host::config::{Host, SOON};
pub use host::held_writer::HeldWriter;
pub use host::publisher::Publisher;
pub use host::script::install_script;
pub use host::sleeping_check::SleepingCheck;
pub use host::snapshot::Snapshot;

pub use wait::{wait_for, wait_until};
