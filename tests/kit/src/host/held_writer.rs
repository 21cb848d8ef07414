//! A writer that is paused between its read and its write.

use std::fmt::Write as _;

use crate::operation::SET_DATA;
use crate::{Admin, Daemon, Host, Namespace, Proxy, SOON, wait_until};

/// A writer that is paused after it has read the node `/flags`, and before it writes.
///
/// It waits because its diff is not read. A proxy stands between it and ZooKeeper.
#[derive(Debug)]
pub struct HeldWriter {
    /// A client beside the writer.
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
    /// Starts the writer in a new namespace; see [`HeldWriter::behind`].
    ///
    /// # Panics
    ///
    /// When the writer does not show its diff.
    #[must_use]
    pub fn start(timeout: &str, setup: impl FnOnce(Host) -> Host) -> Self {
        let namespace = Namespace::new();
        let proxy = Proxy::start(namespace.server().address());
        let admin = namespace.server().admin();
        let held = Self::behind(proxy, namespace.chroot(), admin, timeout, setup);
        Self { _namespace: Some(namespace), ..held }
    }

    /// Creates the node, starts the writer and waits until it has read the node.
    ///
    /// `timeout` is its session timeout; `setup` changes the configuration of its host.
    ///
    /// # Panics
    ///
    /// When the writer does not show its diff.
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

    /// The content that it writes. The diff is more than a pipe holds.
    #[must_use]
    pub fn content() -> String {
        (0..20_000).fold(String::new(), |mut content, line| {
            writeln!(content, "line {line:05}").expect("writing to a string cannot fail");
            content
        })
    }

    /// Lets it write, and waits until the proxy has seen the write. The proxy must read requests.
    ///
    /// # Panics
    ///
    /// When the write does not arrive.
    pub fn send(&self) {
        self.writer.resume_stdout();
        wait_until("the write", SOON, || self.proxy.requests_of(SET_DATA) == 1);
    }

    /// The version of the node: the number of writes to it.
    ///
    /// # Panics
    ///
    /// When it does not exist.
    #[must_use]
    pub fn version(&self) -> i32 {
        let stat = self.admin.exists(&self.path);
        stat.expect("the server answers").expect("the node exists").version
    }

    /// Waits until the writer has ended. Returns its exit code and the last line of its log.
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
