//! One real ZooKeeper server.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::disk::dirs::TempDir;
use crate::network::certificates::Certificate;
use crate::network::port::ReservedPort;
use crate::process::child::{Process, describe};
use crate::wait::wait_for;
use crate::zookeeper::admin::Admin;
use crate::zookeeper::four_letter::{self, ServerMode, four_letter_command};
use crate::zookeeper::jvm;
use crate::zookeeper::server_options::ServerOptions;

/// How long a server may take to serve. On an idle machine it takes 0.3 s.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How much of a dead server's log a panic shows.
const LOG_TAIL_LINES: usize = 20;

/// A real ZooKeeper server on 127.0.0.1, with a port that stays its own and a private data directory.
///
/// It ends with this value, and with the process when that is killed. All methods can be called from any thread.
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
    /// When Java or ZooKeeper is missing (the message has the command that installs them), or the server does not
    /// serve within 60 s (the message has the end of its log).
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

    /// A standalone server that is not started yet: its port refuses until [`Server::restart`].
    ///
    /// # Panics
    ///
    /// When a directory or a port cannot be had.
    #[must_use]
    pub fn prepare(options: ServerOptions) -> Self {
        let port = ReservedPort::new().expect("the test kit cannot reserve a port");
        Self::prepare_member(options, port, &[], None)
    }

    /// The standalone server that the whole process shares; started by the first call, gone with the process.
    ///
    /// Whoever uses it works in a [`Namespace`](crate::Namespace) and never disturbs the server.
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
            let port = ReservedPort::new().expect("the test kit cannot reserve a port");
            config.push_str(&secure.write(directory.path(), port.address().into()));
            port
        });
        fs::write(directory.join("zoo.cfg"), config).expect("the server's configuration can be written");
        Self { port, secure, options, directory, process: Mutex::new(None) }
    }

    /// Where clients connect to; the same for the life of this value.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address().into()
    }

    /// Where clients connect to with TLS.
    ///
    /// # Panics
    ///
    /// When the server was not made with [`ServerOptions::secure`]; so does [`Server::renew`].
    #[must_use]
    pub fn secure_address(&self) -> SocketAddr {
        self.secure.as_ref().expect("the server has a secure port").address().into()
    }

    /// Gives the server another certificate, and restarts it.
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

    /// Kills the server (SIGKILL). What it acknowledged stays on disk; clients see their connections reset or closed, then
    /// refused. Killing a dead server does nothing.
    pub fn kill(&self) {
        if let Some(process) = self.lock().take() {
            process.kill();
        }
    }

    /// Starts the server again, same port and data, and waits until it serves; a running one is killed first.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub fn restart(&self) {
        self.launch();
        self.wait_ready();
    }

    /// Starts the server again without waiting until it serves; a running one is killed first. A member of an ensemble
    /// that has no quorum can be started only so.
    ///
    /// # Panics
    ///
    /// When Java or ZooKeeper is missing.
    pub fn launch(&self) {
        let mut process = self.lock();
        // The old one must be gone before the new one binds the port.
        drop(process.take());
        let log = File::options().create(true).append(true).open(self.directory.join("log"));
        let log = log.expect("the server's log can be opened");
        let config = self.directory.join("zoo.cfg");
        let mut command = jvm::server_command(&config, self.options.heap, &self.options.properties());
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a descriptor can be duplicated")).stderr(log);
        *process = Some(Process::spawn(command).unwrap_or_else(|error| panic!("{error}")));
    }

    /// Waits until the server serves.
    ///
    /// # Panics
    ///
    /// When it does not within 60 s, or its process ends (the message has the end of its log).
    pub fn wait_ready(&self) {
        wait_for("the ZooKeeper server to serve", START_LIMIT, || {
            if let Some(status) = self.lock().as_ref().and_then(Process::try_wait) {
                panic!("ZooKeeper ended with {}:\n{}", describe(status), self.log_tail());
            }
            self.mode()
        });
    }

    /// Stops the server where it is (SIGSTOP); it stands still when this returns. Its sockets stay open and silent, connects still succeed.
    ///
    /// # Panics
    ///
    /// When the server is not running; so does [`Server::thaw`].
    pub fn freeze(&self) {
        self.running(Process::freeze);
    }

    /// Lets a frozen server go on (SIGCONT).
    pub fn thaw(&self) {
        self.running(Process::thaw);
    }

    /// Whether the server's process exists (also frozen).
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.lock().as_ref().is_some_and(|process| process.try_wait().is_none())
    }

    /// The server's process id, for looking at its resources. `None` when it does not run.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::id)
    }

    /// What the server is; `None` while it serves nobody: down, frozen (known after 1 s), starting or without a quorum.
    #[must_use]
    pub fn mode(&self) -> Option<ServerMode> {
        four_letter::mode(self.address())
    }

    /// The answer to a four-letter command, as [`four_letter_command`].
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    #[must_use]
    pub fn ask(&self, command: &str) -> String {
        four_letter_command(self.address(), command)
            .unwrap_or_else(|error| panic!("the server did not answer {command}: {error}"))
    }

    /// A number of the server's `mntr` answer, by its name: `zk_packets_received`, `zk_watch_count`,
    /// `zk_num_alive_connections`, `zk_znode_count` and so on.
    ///
    /// # Panics
    ///
    /// When the server does not answer, or knows no such number.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        let answer = self.ask("mntr");
        four_letter::field(&answer, &format!("{name}\t"))
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(|| panic!("mntr has no number named {name}:\n{answer}"))
    }

    /// The last lines of the server's log (warnings and errors only).
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.directory.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }

    fn running(&self, act: impl FnOnce(&Process)) {
        act(self.lock().as_ref().expect("only a running server can be frozen or thawed"));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
