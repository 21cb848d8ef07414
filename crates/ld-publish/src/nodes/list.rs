//! The children of a node.

use futures_util::stream::{self, StreamExt};
use ld_zk::zookeeper::{self, Stat};

use crate::Error;
use crate::request::{IN_FLIGHT, find_stat, list_children};

/// A child of a node.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Child {
    /// The last part of its path. It may hold hidden characters.
    pub name: String,
    /// What ZooKeeper keeps about it, if that was asked for.
    pub stat: Option<Stat>,
}

/// Children of a node, sorted by name.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Listing {
    /// The node's path below the chroot.
    pub path: String,
    /// The first children.
    pub children: Vec<Child>,
    /// How many more there are.
    pub omitted: usize,
}

impl Listing {
    /// Reads the names of the first `limit` children, and what ZooKeeper keeps about each
    /// `with_stats`. Missing, trailing and doubled slashes are repaired. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidPath`]: no node can have that path.
    /// - [`Error::TooManyChildren`]: more than [`MAX_CHILDREN`](crate::MAX_CHILDREN); their names
    ///   were not asked for.
    /// - [`Error::Absent`], [`Error::NotAuthorized`], [`Error::Read`]: they cannot be read.
    /// - [`Error::Client`]: no session in time.
    pub async fn read(
        client: &ld_zk::Client,
        path: &str,
        limit: usize,
        with_stats: bool,
    ) -> Result<Self, Error> {
        let path = ld_config::znode_path(path)?;
        let session = client.session().await?;
        let (mut names, _) = list_children(&session, &path).await?;
        names.sort_unstable();
        let omitted = names.len().saturating_sub(limit);
        names.truncate(limit);
        let children = match with_stats {
            true => with_stat(&session, &path, names).await?,
            false => names.into_iter().map(|name| Child { name, stat: None }).collect(),
        };
        Ok(Self { path, children, omitted })
    }
}

/// The children that are still there, with their stats.
async fn with_stat(session: &zookeeper::Client, path: &str, names: Vec<String>) -> Result<Vec<Child>, Error> {
    let ask = |name: String| async move {
        let child = format!("{}/{name}", path.trim_end_matches('/'));
        Ok(find_stat(session, &child).await?.map(|stat| Child { name, stat: Some(stat) }))
    };
    let asked: Vec<Result<Option<Child>, Error>> =
        stream::iter(names).map(ask).buffered(IN_FLIGHT).collect().await;
    asked.into_iter().filter_map(Result::transpose).collect()
}
