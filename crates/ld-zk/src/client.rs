//! The client: a handle to the sessions that are kept open behind it.

use std::sync::Arc;
use std::time::Duration;

use ld_blocking::Spawner;
use ld_config::{SecretsConfig, ZooKeeperConfig};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::budget::Budget;
use crate::polls::Polls;
use crate::session::{Credentials, Names, SessionPool, Tls, start_io_thread};
use crate::shared::Shared;
use crate::validate::{host_list, validate};
use crate::{ChildrenWatch, ClientState, Error, NodeWatch, Options, StateWatch};

/// How many reads may be in flight at once. On a near network 64 saturate a server, but with more
/// in flight each costs it less.
const READS_IN_FLIGHT: usize = 1024;

/// A ZooKeeper client that outlives its sessions. Cloning is cheap; when the last clone and the
/// last [`NodeWatch`] are dropped the sessions are closed in the background.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) pool: Arc<SessionPool>,
}

impl Client {
    /// Makes a client and returns at once; the first session is opened in the background, and tried
    /// again until it is there. The original's `zookeeper_client_from_config`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] for settings that cannot work, [`Error::NoRuntime`] outside of a
    /// tokio runtime, [`Error::CannotStart`] if the system refuses the thread or the descriptors of
    /// the client's I/O. A program exits then; once a client was made, no later refusal ends it.
    pub fn new(config: &ZooKeeperConfig, secrets: &SecretsConfig, options: Options) -> Result<Self, Error> {
        validate(config)?;
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        start_io_thread()?;
        let spawner = Spawner::Threads;
        let shared = Arc::new(Shared {
            config: config.clone(),
            hosts: host_list(&config.hosts),
            names: Names::new(&config.hosts, spawner),
            credentials: Credentials::new(secrets.clone(), &config.credentials, spawner),
            tls: config.tls.clone().map(|tls| Tls::new(tls, spawner)).transpose()?,
            states: watch::Sender::default(),
            budget: Budget::new(options.read_budget_bytes),
            reads: Semaphore::new(READS_IN_FLIGHT),
            polls: Polls::new(),
            options,
        });
        Ok(Self { pool: Arc::new(SessionPool::new(shared, runtime)) })
    }

    /// The current session's plain client, for everything that this crate does not do. It ends with
    /// that session: ask again after an error, do not keep it. Watches that it sets count towards
    /// the session's limit, and its persistent watches are not set again after a reconnect. Its
    /// paths are below the chroot, too.
    ///
    /// A user added with `auth` is gone with the session, and is a user of all that this session
    /// does. For good, name a secret in `zookeeper.credentials`
    /// ([`ZooKeeperBuilder::credential`](ld_config::ZooKeeperBuilder::credential)).
    ///
    /// ```no_run
    /// use ld_zk::zookeeper::{Acl, Acls, AuthId, CreateMode, Error, Permission};
    ///
    /// # async fn example(client: ld_zk::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// // All may read the node. The users of this session may do everything.
    /// let users = Acl::new(Permission::ALL, AuthId::authed());
    /// let acl = [users, Acl::new(Permission::READ, AuthId::anyone())];
    /// let options = CreateMode::Persistent.with_acls(Acls::new(&acl));
    /// match client.session().await?.create("/app/flags", b"{}", &options).await {
    ///     Ok(_) | Err(Error::NodeExists) => {}
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotConnected`] when there is no live session within [`Options::session_wait`], with
    /// the hosts and the last failure; [`Error::Closed`] after [`Client::close`].
    pub async fn session(&self) -> Result<zookeeper::Client, Error> {
        let session = self.pool.all().into_iter().next().ok_or(Error::Closed)?;
        let limit = self.shared().options.session_wait;
        match timeout(limit, session.connected()).await {
            Ok(Some(live)) => Ok(live.client.clone()),
            Ok(None) => Err(Error::Closed),
            Err(_) => Err(Error::NotConnected {
                hosts: self.shared().hosts.clone(),
                limit,
                cause: self.state().sessions.first().and_then(|session| session.last_error.clone()),
            }),
        }
    }

    /// Watches a node, given by its path below the chroot; missing, trailing and doubled slashes
    /// are repaired. ZooKeeper is asked nothing before the first [`NodeWatch::read`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPath`]: no node can have that path.
    pub fn watch(&self, path: &str) -> Result<NodeWatch, Error> {
        let path = ld_config::znode_path(path)?;
        Ok(NodeWatch::new(Arc::clone(&self.pool), &path))
    }

    /// Watches nodes that belong together, all of them in one session: readings with the same
    /// [`SessionKey`](crate::SessionKey) are then covered by one proof, and follow each other.
    ///
    /// # Errors
    ///
    /// As [`watch`](Self::watch).
    pub fn watch_together<const N: usize>(&self, paths: [&str; N]) -> Result<[NodeWatch; N], Error> {
        let paths: Vec<_> = paths.into_iter().map(ld_config::znode_path).collect::<Result<_, _>>()?;
        let paths = std::array::from_fn(|index| paths[index].as_str());
        Ok(NodeWatch::together(&self.pool, paths))
    }

    /// Watches which children a node has, given by its path below the chroot. ZooKeeper is asked
    /// nothing before the first [`ChildrenWatch::read`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPath`]: no node can have that path.
    pub fn watch_children(&self, path: &str) -> Result<ChildrenWatch, Error> {
        let path = ld_config::znode_path(path)?;
        Ok(ChildrenWatch::new(Arc::clone(&self.pool), &path))
    }

    /// What the sessions are doing.
    pub fn state(&self) -> ClientState {
        self.shared().states.borrow().clone()
    }

    /// Follows what the sessions are doing.
    pub fn states(&self) -> StateWatch {
        StateWatch::new(self.shared().states.subscribe())
    }

    /// The hosts and the chroot, for messages, as in `zk1:2181, zk2:2181/prod`.
    pub fn description(&self) -> String {
        format!("{}{}", self.shared().hosts, self.chroot())
    }

    /// What is put before the paths of nodes: `/prod`, or empty without a chroot.
    pub fn chroot(&self) -> &str {
        &self.shared().config.chroot
    }

    /// The most bytes of a node that are to be read: `zookeeper.max_read_bytes`. A [`NodeWatch`]
    /// keeps to it; a request to the plain client of [`session`](Self::session) does not.
    pub fn max_read_bytes(&self) -> usize {
        self.shared().config.max_read_bytes
    }

    /// Why a session is not live right now, with the causes, as one line; `None` while all sessions
    /// are live. See [`ClientState::connection_error`].
    pub fn connection_error(&self) -> Option<String> {
        self.state().connection_error()
    }

    /// Closes the sessions and waits for that, `limit` at most. What is not closed by then is
    /// abandoned, and the server lets it expire. Every call that waits on this client resolves or
    /// fails with [`Error::Closed`].
    pub async fn close(&self, limit: Duration) {
        self.pool.close(limit).await;
    }

    fn shared(&self) -> &Shared {
        &self.pool.shared
    }
}
