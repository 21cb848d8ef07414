//! A chroot on a shared server that belongs to one test.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::zookeeper::admin::Admin;
use crate::zookeeper::server::Server;

/// A chroot of its own on a server that many tests share.
#[derive(Debug)]
pub struct Namespace {
    server: &'static Server,
    admin: Admin,
    chroot: String,
}

impl Namespace {
    /// A new, empty chroot on [`Server::shared`].
    ///
    /// # Panics
    ///
    /// When the server does not start.
    #[must_use]
    #[allow(clippy::new_without_default)] // It may start a server, which a default must not do.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let server = Server::shared();
        let admin = Admin::new(server.address());
        // Only this process uses the server, so a number is unique.
        let chroot = format!("/test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        admin.create(&chroot, b"").expect("every client may create nodes below the root");
        Self { server, admin, chroot }
    }

    /// The shared server, which a test must not disturb.
    #[must_use]
    pub fn server(&self) -> &'static Server {
        self.server
    }

    /// A client that is not authenticated. Its paths are full ones, from [`Namespace::path`].
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// The chroot, as `/test-1`.
    #[must_use]
    pub fn chroot(&self) -> &str {
        &self.chroot
    }

    /// The full path of `path` below the chroot; it starts with a slash.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.chroot)
    }

    /// `127.0.0.1:port/test-1`, as in `zookeeper.hosts`.
    #[must_use]
    pub fn connect_string(&self) -> String {
        format!("{}{}", self.server.address(), self.chroot)
    }
}
