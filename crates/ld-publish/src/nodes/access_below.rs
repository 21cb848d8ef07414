//! Another ACL for a node and all below it.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ld_zk::zookeeper::{Acl, Stat};

use super::PresentAcl;
use crate::Error;
use crate::present::node_path;
use crate::request::{IN_FLIGHT, find_stat, list_announced};

/// The most nodes that get an ACL together (100,000): a node and all below it.
pub const MAX_NODES_BELOW: usize = 100_000;

/// What became of the ACLs of a node and of all below it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct AclsSet {
    /// How many have the ACL now and had another one before.
    pub changed: usize,
    /// How many had it already.
    pub unchanged: usize,
    /// How many ephemeral nodes were left as they are.
    pub ephemeral: usize,
    /// The paths that have another ACL still, or may have one, and why. Sorted by path.
    pub failed: Vec<(String, Error)>,
    /// Why the rest was not tried: a signal, or no session. What was changed stays.
    pub ended: Option<Error>,
}

/// What was found of one node.
enum Found {
    Gone,
    Ephemeral,
    Node { path: String, children: Result<Vec<String>, Error> },
}

/// What became of one node.
enum Done {
    Changed,
    Unchanged,
    Gone,
    /// An earlier one ended it.
    NotTried,
    Failed(String, Error),
}

/// Sets the ACL of a node and of all nodes below it. Of each, it is set if it is still the one that
/// was just read. A node that goes meanwhile is none of the failures. An ephemeral node keeps its
/// ACL: the session that made it could not write it any more.
///
/// All nodes are listed first: the new ACL may take the right to list from this client. Then it
/// comes to the parents before their children. So a node that is made meanwhile, with the ACL of
/// its parent, gets the new one as early as possible. Run it again to change those that were made
/// with the old one.
///
/// At most 32 requests are under way, and all paths are in memory.
///
/// # Errors
///
/// Nothing was changed then:
///
/// - [`Error::InvalidPath`], [`Error::Path`]: no node has that path, or it is the root.
/// - [`Error::Absent`]: the node does not exist.
/// - [`Error::TooManyNodes`]: there are more than [`MAX_NODES_BELOW`].
/// - [`Error::Client`], [`Error::Read`]: no session, or it ended while the nodes were listed.
/// - [`Error::Interrupted`]: `interrupt` resolved while they were listed.
///
/// Not cancel-safe: what became of requests that were sent is not known then.
pub async fn set_acl_below(
    client: &ld_zk::Client,
    path: &str,
    acl: &[Acl],
    interrupt: impl AsyncFn(),
) -> Result<AclsSet, Error> {
    let mut set = AclsSet::default();
    let levels = tokio::select! {
        biased;
        () = interrupt() => return Err(Error::Interrupted),
        levels = list(client, node_path(path)?, MAX_NODES_BELOW, &mut set) => levels?,
    };
    // Requests that are under way at an end are still waited for.
    let has_ended = AtomicBool::new(false);
    for level in levels {
        let mut done = stream::iter(level)
            .map(async |path| match has_ended.load(Relaxed) {
                true => Done::NotTried,
                false => set_one(client, path, acl, &interrupt).await,
            })
            .buffer_unordered(IN_FLIGHT);
        while let Some(done) = done.next().await {
            match done {
                Done::Changed => set.changed += 1,
                Done::Unchanged => set.unchanged += 1,
                Done::Gone | Done::NotTried => {}
                Done::Failed(_, cause @ (Error::Interrupted | Error::Client(_))) => {
                    has_ended.store(true, Relaxed);
                    set.ended = Some(cause);
                }
                Done::Failed(path, cause) => set.failed.push((path, cause)),
            }
        }
    }
    set.failed.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(set)
}

/// The paths of a node and of all below it, a level each, `limit` at most. Counts ephemeral nodes,
/// and notes nodes that cannot be listed.
async fn list(
    client: &ld_zk::Client,
    path: String,
    limit: usize,
    set: &mut AclsSet,
) -> Result<Vec<Vec<String>>, Error> {
    if find_stat(&client.session().await?, &path).await?.is_none() {
        return Err(Error::Absent { path });
    }
    let (mut levels, mut count) = (Vec::new(), 1);
    let mut level = vec![path.clone()];
    while !level.is_empty() {
        let (mut paths, mut below) = (Vec::new(), Vec::new());
        let mut found = stream::iter(level).map(|path| find(client, path)).buffer_unordered(IN_FLIGHT);
        while let Some(found) = found.try_next().await? {
            match found {
                Found::Gone => {}
                Found::Ephemeral => set.ephemeral += 1,
                Found::Node { path: parent, children } => {
                    match children {
                        Ok(names) => below.extend(names.iter().map(|name| format!("{parent}/{name}"))),
                        Err(cause) => set.failed.push((parent.clone(), cause)),
                    }
                    paths.push(parent);
                    if count + below.len() > limit {
                        return Err(Error::TooManyNodes { path });
                    }
                }
            }
        }
        levels.push(paths);
        count += below.len();
        level = below;
    }
    Ok(levels)
}

async fn find(client: &ld_zk::Client, path: String) -> Result<Found, Error> {
    let session = client.session().await?;
    let children = match find_stat(&session, &path).await? {
        None => return Ok(Found::Gone),
        Some(stat) if is_ephemeral(&stat) => return Ok(Found::Ephemeral),
        Some(stat) if stat.num_children == 0 => Ok(Vec::new()),
        Some(stat) => list_announced(&session, &path, &stat).await.map(|(names, _)| names),
    };
    match children {
        Err(Error::Absent { .. }) => Ok(Found::Gone),
        Err(cause @ (Error::TooManyChildren { .. } | Error::Read { .. })) => Err(cause),
        children => Ok(Found::Node { path, children }),
    }
}

async fn set_one(client: &ld_zk::Client, path: String, acl: &[Acl], interrupt: impl AsyncFn()) -> Done {
    let set = async {
        let present = PresentAcl::read(client, &path).await?;
        if present.is(acl) {
            return Ok(Done::Unchanged);
        }
        present.set(acl, interrupt()).await.map(|_| Done::Changed)
    };
    match set.await {
        Ok(done) => done,
        Err(Error::Absent { .. }) => Done::Gone,
        // The node that is there now was made meanwhile, and has the ACL.
        Err(Error::Replaced { .. }) => Done::Changed,
        Err(cause) => Done::Failed(path, cause),
    }
}

/// Whether the node goes with a session. The same field marks containers, and nodes with a time to
/// live: ZooKeeper's `EphemeralType`.
fn is_ephemeral(stat: &Stat) -> bool {
    let owner = stat.ephemeral_owner;
    let has_time_to_live = owner >> 56 == -1;
    owner != 0 && owner != i64::MIN && !has_time_to_live
}

#[cfg(test)]
mod tests {
    use ld_config::{Host, SecretsConfig, ZooKeeperConfig};
    use ld_testkit::Namespace;

    use super::*;

    #[tokio::test]
    async fn more_nodes_than_the_limit_are_an_error() {
        let namespace = Namespace::new();
        for path in ["/a", "/a/b", "/a/c", "/a/b/d"] {
            namespace.admin().create(&namespace.path(path), "").unwrap();
        }
        let (address, mut zookeeper) = (namespace.server().address(), ZooKeeperConfig::default());
        zookeeper.hosts = vec![Host { name: address.ip().to_string(), port: address.port() }];
        zookeeper.chroot = namespace.chroot().to_owned();
        let client =
            ld_zk::Client::new(&zookeeper, &SecretsConfig::default(), ld_zk::Options::default()).unwrap();
        let mut set = AclsSet::default();
        let mut levels = list(&client, "/a".to_owned(), 4, &mut set).await.unwrap();
        levels.iter_mut().for_each(|level| level.sort_unstable());
        assert_eq!(levels, [vec!["/a"], vec!["/a/b", "/a/c"], vec!["/a/b/d"]]);
        let error = list(&client, "/a".to_owned(), 3, &mut set).await.unwrap_err();
        assert!(matches!(&error, Error::TooManyNodes { path } if path == "/a"), "{error}");
    }
}
