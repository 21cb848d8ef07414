//! One real ZooKeeper server.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::disk::temp_dir::TempDir;
use crate::network::certificates::Certificate;
use crate::network::port::ReservedPort;
use crate::process::child::{Process, describe};
use crate::wait::wait_for;
use crate::zookeeper::admin::Admin;
use crate::zookeeper::jvm;
use crate::zookeeper::server_options::ServerOptions;

/// How long a server may take to serve. On an idle machine it takes 0.3 s.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A real ZooKeeper server on 127.0.0.1, with a reserved port and a private data directory.
///
/// It ends with this value, and at the latest with the process. All methods can be called from any
/// thread.
#[derive(Debug)]
pub struct Server {
    port: ReservedPort,
    secure: Option<ReservedPort>,
    options: ServerOptions,
    pub(crate) directory: TempDir,
    process: Mutex<Option<Process>>,
}

impl Server {
    /// Starts a standalone server and waits until it serves.
    ///
    /// # Panics
    ///
    /// When Java or ZooKeeper is missing (the message has the command that installs them), or the
    /// server does not serve within 60 s (the message has the end of its log).
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(ServerOptions::default())
    }

    /// Starts a standalone server with `options` and waits until it serves.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    #[must_use]
    pub fn start_with(options: ServerOptions) -> Self {
        let server = Self::prepare(options);
        server.restart();
        server
    }

    /// A standalone server that is not started yet.
    ///
    /// Its port refuses connections until [`Server::restart`].
    ///
    /// # Panics
    ///
    /// When no directory can be made or no port is free.
    #[must_use]
    pub fn prepare(options: ServerOptions) -> Self {
        let port = ReservedPort::new().expect("there is a free port");
        Self::prepare_member(options, port, &[], None)
    }

    /// The standalone server that all tests of the process share.
    ///
    /// The first call starts it, and it ends with the process. A test works there in a
    /// [`Namespace`](crate::Namespace) and never disturbs the server.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    pub(crate) fn prepare_member(
        options: ServerOptions,
        port: ReservedPort,
        members: &[String],
        id: Option<usize>,
    ) -> Self {
        let directory = TempDir::new();
        let data = directory.join("data");
        fs::create_dir(&data).expect("the data directory can be made");
        if let Some(id) = id {
            fs::write(data.join("myid"), id.to_string()).expect("the server's id can be written");
        }
        let mut config = options.config(port.address().into(), &data, members);
        let secure = options.secure.as_ref().map(|secure| {
            let port = ReservedPort::new().expect("there is a free port");
            config.push_str(&secure.write(directory.path(), port.address().into()));
            port
        });
        fs::write(directory.join("zoo.cfg"), config).expect("the server's configuration can be written");
        Self { port, secure, options, directory, process: Mutex::new(None) }
    }

    /// The address for clients; it stays the same for the life of this value.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address().into()
    }

    /// The address for clients with TLS.
    ///
    /// # Panics
    ///
    /// When the server has no TLS port ([`ServerOptions::secure`]).
    #[must_use]
    pub fn secure_address(&self) -> SocketAddr {
        self.secure.as_ref().expect("the server has a secure port").address().into()
    }

    /// Gives the server another certificate, and restarts it.
    ///
    /// # Panics
    ///
    /// As [`Server::secure_address`] and [`Server::start`].
    pub fn renew(&self, certificate: &Certificate) {
        assert!(self.secure.is_some(), "the server has a secure port");
        certificate.write_store(self.directory.path());
        self.restart();
    }

    /// [`Server::address`] as `127.0.0.1:port`, as in `zookeeper.hosts`.
    #[must_use]
    pub fn connect_string(&self) -> String {
        self.address().to_string()
    }

    /// A client of this server, not authenticated.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(self.address())
    }

    /// Kills the server (SIGKILL); a dead one stays dead.
    ///
    /// What it acknowledged stays on disk. Clients see their connections reset or closed, and new
    /// ones refused.
    pub fn kill(&self) {
        if let Some(process) = self.lock().take() {
            process.kill();
        }
    }

    /// Starts the server again with the same port and data, and waits until it serves.
    ///
    /// A running server is killed first.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub fn restart(&self) {
        self.launch();
        self.wait_ready();
    }

    /// Starts the server again without waiting until it serves. A running server is killed first.
    ///
    /// A member of an ensemble without a quorum can only be started with this call.
    ///
    /// # Panics
    ///
    /// When Java or ZooKeeper is missing.
    pub fn launch(&self) {
        let mut process = self.lock();
        // The old process must have ended before the new one binds the port.
        drop(process.take());
        let log = File::options().create(true).append(true).open(self.log_path());
        let log = log.expect("the server's log can be opened");
        let config = self.directory.join("zoo.cfg");
        let (directory, properties) = (self.directory.path(), self.options.properties());
        let mut command = jvm::server_command(directory, &config, self.options.heap, &properties);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor can be duplicated"))
            .stderr(log);
        *process = Some(Process::spawn(command).unwrap_or_else(|error| panic!("{error}")));
    }

    /// Waits until the server serves.
    ///
    /// # Panics
    ///
    /// When it does not serve within 60 s, or its process ends. The message has the end of its log.
    pub fn wait_ready(&self) {
        wait_for("the ZooKeeper server to serve", START_LIMIT, || {
            if let Some(status) = self.lock().as_ref().and_then(Process::try_wait) {
                let (status, note) = (describe(status), jvm::class_path_note());
                panic!("ZooKeeper ended with {status}{note}:\n{}", self.log_tail());
            }
            self.mode()
        });
    }

    /// Stops all threads of the server (SIGSTOP); they are stopped when this returns.
    ///
    /// Its sockets stay open and silent, and connects still succeed.
    ///
    /// # Panics
    ///
    /// When the server is not running.
    pub fn freeze(&self) {
        self.running(Process::freeze);
    }

    /// Lets a frozen server go on (SIGCONT).
    ///
    /// # Panics
    ///
    /// When the server is not running.
    pub fn thaw(&self) {
        self.running(Process::thaw);
    }

    /// Whether the server's process exists, frozen or not.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.lock().as_ref().is_some_and(|process| process.try_wait().is_none())
    }

    /// The server's process id, to inspect its resources. `None` when it does not run.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::id)
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.directory.join("log")
    }

    fn running(&self, act: impl FnOnce(&Process)) {
        act(self.lock().as_ref().expect("only a running server can be frozen or thawed"));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
