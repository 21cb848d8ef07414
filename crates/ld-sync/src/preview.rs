//! What a watcher would do with each node, found out without changing anything.

mod accept;
mod acl;
mod outcome;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use ld_blocking::Spawner;
use ld_config::{NodeConfig, OnDelete, PublishConfig, chain};
use ld_file::{Change, Disks, LOOK_LIMIT, Owner, Target, Users};
use ld_guard::Checks;
use ld_zk::zookeeper;
use ld_zk::{Absence, Client, NodeState, Reading};
use tokio::time::{Instant, timeout_at};

pub use outcome::Outcome;

use crate::hashing::Hashing;
use crate::loader::Loader;
use crate::node::{owner_of, too_large};
use crate::rollout::{Rollouts, Watch};

/// Nodes that are looked at together.
const AT_ONCE: usize = 64;

/// How long killed checks, and the files that they were shown, may take to be gone.
const CHECK_LIMIT: Duration = Duration::from_secs(1);

/// What a watcher would do with one node.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Preview {
    /// The node's name in the configuration.
    pub name: String,
    /// Its znode path below the chroot.
    pub source: String,
    /// Its file.
    pub dest: PathBuf,
    /// The transaction that last changed its content, if it could be read.
    pub mzxid: Option<i64>,
    /// The size of its content in bytes, if it could be read.
    pub bytes: Option<u64>,
    /// Its ACL as in `world:anyone:r`, without hashes of passwords; `None` if it could not be read.
    pub acl: Option<Vec<String>>,
    /// What would become of the file.
    pub outcome: Outcome,
}

/// Reads every node and its ACL, asks its guards, looks up its owner, and looks at its destination.
/// Gives what a watcher that starts now would do, in the order of `nodes`. It takes `limit` at
/// most, and ends when `stop` does: what is not known by then is [`Outcome::Unknown`]. Then check
/// programs that run are killed, within a second. `loader` is the one of the watcher; it is asked
/// whether pointers are valid, and loads nothing. `publish` says where signatures
/// and the plans of rollouts are, and `host` is the name by which rollouts choose.
///
/// It changes no node and no destination. Check programs run; they see the content in a file below
/// the system's directory for temporary files. The answer holds for this process: another user has
/// other rights.
///
/// # Errors
///
/// There is no session within [`ld_zk::Options::session_wait`].
pub async fn preview(
    client: &Client,
    nodes: &[NodeConfig],
    publish: &PublishConfig,
    host: Option<&str>,
    loader: Option<&dyn Loader>,
    limit: Duration,
    stop: impl Future<Output = ()>,
) -> Result<Vec<Preview>, ld_zk::Error> {
    let deadline = Instant::now() + limit;
    let stop = stop.shared();
    let session = tokio::select! {
        session = client.session() => session?,
        () = stop.clone() => return Ok(nodes.iter().map(Preview::unknown).collect()),
    };
    let host = Host {
        loader,
        rollouts: Rollouts {
            publish: publish.clone(),
            host: host.map(Arc::from),
            hashing: Hashing::new(Spawner::Threads),
        },
        disks: Disks::new(Spawner::Threads),
        users: Users::new(Spawner::Threads),
        checks: Checks::default(),
    };
    let look = async |node: &NodeConfig| {
        let mut preview = Preview::unknown(node);
        // What was found in time stays.
        tokio::select! {
            biased;
            () = stop.clone() => {}
            _ = timeout_at(deadline, preview.look(node, client, &session, &host)) => {}
        }
        preview
    };
    let previews = stream::iter(nodes).map(look).buffered(AT_ONCE).collect().await;
    // Check programs may still run; their files go when they end.
    host.checks.end(CHECK_LIMIT).await;
    Ok(previews)
}

/// What is asked of this host.
struct Host<'a> {
    rollouts: Rollouts,
    loader: Option<&'a dyn Loader>,
    disks: Disks,
    users: Users,
    checks: Checks,
}

impl Preview {
    fn unknown(node: &NodeConfig) -> Self {
        Self {
            name: node.name.clone(),
            source: node.source.clone(),
            dest: node.dest.clone(),
            mzxid: None,
            bytes: None,
            acl: None,
            outcome: Outcome::Unknown,
        }
    }

    async fn look(
        &mut self,
        node: &NodeConfig,
        client: &Client,
        session: &zookeeper::Client,
        host: &Host<'_>,
    ) {
        if let Err(error) = ld_config::znode_path(&node.source) {
            return self.outcome = Outcome::Unreadable(error.to_string());
        }
        let reading = Watch::new(client, node, &host.rollouts).read().await;
        if let Ok((acl, _)) = session.get_acl(&node.source).await {
            self.acl = Some(acl.iter().map(acl::entry).collect());
        }
        self.outcome = match self.judge(node, client, reading, host).await {
            Ok(outcome) | Err(outcome) => outcome,
        };
    }

    /// The outcome; what keeps the file from being written is an error.
    async fn judge(
        &mut self,
        node: &NodeConfig,
        client: &Client,
        Reading { state, read_only, .. }: Reading,
        host: &Host<'_>,
    ) -> Result<Outcome, Outcome> {
        let content = match state {
            NodeState::Present { data, stat } => {
                (self.mzxid, self.bytes) = (Some(stat.mzxid), Some(data.len() as u64));
                let (content, _) = data.into_parts();
                Some(Arc::new(content))
            }
            NodeState::TooLarge { bytes, limit } => {
                self.bytes = Some(bytes as u64);
                return Err(Outcome::Rejected(too_large(&node.guards, bytes, limit).to_string()));
            }
            NodeState::Absent(Absence::Unconfirmed { reason }) => {
                return Err(Outcome::Unverified(format!("the node is missing, and {reason}")));
            }
            NodeState::Absent(absence) if absence.is_certain() => None,
            NodeState::Unreadable(reason) => return Err(Outcome::Unreadable(reason.to_string())),
            other => return Err(Outcome::Unverified(format!("the node is {other:?}"))),
        };
        if let Some(content) = &content {
            self.verify(node, client, content, host).await?;
            self.pass_guards(node, content, host).await?;
        }
        let blocked = |error: &dyn std::error::Error| Outcome::Blocked(chain(error));
        let owner = match &content {
            Some(_) => owner_of(&host.users, node).await.map_err(|error| blocked(&error))?,
            None => Owner::default(),
        };
        let disk = host.disks.of(&node.dest).await.map_err(|error| blocked(&error))?;
        let (dest, mode, is_there) = (node.dest.clone(), node.mode, content.is_some());
        let look = move || {
            let mut target = Target::new(&dest);
            (target.owner, target.mode) = (owner, mode);
            Change::needed(target, content.as_ref().map(|content| content.as_slice()))
        };
        let needed = disk.looks.run(LOOK_LIMIT, look).await.map_err(|error| blocked(&error))?;
        let keeps = !is_there && node.on_delete == OnDelete::Keep;
        match needed {
            Ok(Change::None) if is_there => Ok(Outcome::Right),
            Ok(Change::None) => Ok(Outcome::Absent),
            _ if keeps => Ok(Outcome::Keep),
            Ok(Change::Write { replaces: true, .. } | Change::Remove) if read_only => Err(
                Outcome::Unverified("connected to a read-only server, which may be behind the file".into()),
            ),
            Ok(Change::Write { replaces, makes }) => Ok(Outcome::Write { replaces, makes }),
            Ok(_) => Ok(Outcome::Remove),
            Err(error) => Err(blocked(&error)),
        }
    }
}
