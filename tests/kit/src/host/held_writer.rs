//! A writer between its read and its write.

use std::fmt::Write as _;

use crate::{Admin, Daemon, Namespace, Proxy, wait_until};

use crate::{Host, SOON};

/// ZooKeeper's operation code of a write.
const SET_DATA: i32 = 5;

/// A writer behind a proxy that has read the node `/flags` and waits for the reader of its diff before it writes.
#[derive(Debug)]
pub struct HeldWriter {
    /// Who looks at the node meanwhile.
    pub admin: Admin,
    /// The node's full path.
    pub path: String,
    /// Between the writer and ZooKeeper.
    pub proxy: Proxy,
    /// The writer's host.
    pub host: Host,
    /// The writer.
    pub writer: Daemon,
    _namespace: Option<Namespace>,
}

impl HeldWriter {
    /// Starts the writer in a namespace of its own; see [`HeldWriter::behind`].
    ///
    /// # Panics
    ///
    /// When it does not come so far.
    #[must_use]
    pub fn start(timeout: &str, setup: impl FnOnce(Host) -> Host) -> Self {
        let namespace = Namespace::new();
        let proxy = Proxy::start(namespace.server().address());
        let admin = namespace.server().admin();
        let held = Self::behind(proxy, namespace.chroot(), admin, timeout, setup);
        Self { _namespace: Some(namespace), ..held }
    }

    /// Creates the node, starts the writer with the session timeout `timeout` and with what `setup` does to its host, and waits until it
    /// has read the node.
    ///
    /// # Panics
    ///
    /// When it does not come so far.
    #[must_use]
    pub fn behind(
        proxy: Proxy,
        chroot: &str,
        admin: Admin,
        timeout: &str,
        setup: impl FnOnce(Host) -> Host,
    ) -> Self {
        let path = format!("{chroot}/flags");
        admin.create(&path, "old").expect("the node is new");
        let host = Host::new(format!("{}{chroot}", proxy.connect_string()));
        let host = setup(host.setting("zookeeper.timeout", timeout));
        let writer = host.writer(Self::content(), "/flags").pause_stdout().start();
        writer.wait_for_stdout("--- old", SOON);
        Self { admin, path, proxy, host, writer, _namespace: None }
    }

    /// What it writes: a diff of it is more than a pipe holds.
    #[must_use]
    pub fn content() -> String {
        (0..20_000).fold(String::new(), |mut content, line| {
            writeln!(content, "line {line:05}").expect("a string grows");
            content
        })
    }

    /// Lets it write, and waits until the write has come as far as the proxy, which must let the proxy read it.
    ///
    /// # Panics
    ///
    /// When it does not come.
    pub fn send(&self) {
        self.writer.resume_stdout();
        wait_until("the write", SOON, || self.proxy.requests_of(SET_DATA) == 1);
    }

    /// How often the node was written.
    ///
    /// # Panics
    ///
    /// When it does not exist.
    #[must_use]
    pub fn version(&self) -> i32 {
        let stat = self.admin.exists(&self.path);
        stat.expect("the server answers").expect("the node exists").version
    }

    /// Waits for the writer's end: its exit code, and the last line of what it said.
    ///
    /// # Panics
    ///
    /// When it does not end within a minute.
    #[track_caller]
    pub fn end(&self) -> (Option<i32>, String) {
        let code = self.writer.wait(3 * SOON).code();
        (code, self.writer.stderr().lines().last().unwrap_or_default().to_owned())
    }
}
