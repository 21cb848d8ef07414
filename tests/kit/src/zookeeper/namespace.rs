//! A corner of a shared server that belongs to one test.

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
    #[allow(clippy::new_without_default)] // It may start a server: nothing a default should do.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let server = Server::shared();
        let admin = Admin::new(server.address());
        // The server belongs to this process alone, so a number is unique enough.
        let chroot = format!("/test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        admin.create(&chroot, b"").expect("a fresh server lets anybody create nodes");
        Self { server, admin, chroot }
    }

    /// The shared server. Never disturb it.
    #[must_use]
    pub fn server(&self) -> &'static Server {
        self.server
    }

    /// A client that is not authenticated; its paths are full ones, as [`Namespace::path`] gives them.
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
