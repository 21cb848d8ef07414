//! A file into a node: read, compare, and set only what was compared.

use std::fmt;
use std::future::Future;

use crate::diff::{self, Diff, DiffOptions};
use crate::present::{Present, node_path};
use crate::request::find_stat;
use crate::{Error, Operation, write};

/// What a write made of its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The node's version now.
    pub version: i32,
    /// The transaction that wrote it.
    pub mzxid: i64,
    /// The size of its content in bytes.
    pub bytes: usize,
}

/// A node's present content beside what shall replace it. `Debug` shows no content.
pub struct Plan {
    pub(crate) present: Present,
    pub(crate) new: Vec<u8>,
    pub(crate) max_node_bytes: usize,
}

/// Reads the node at `path` and compares it with `new`. Missing, trailing and doubled slashes are
/// repaired. `max_node_bytes` is usually that of the
/// [`ZooKeeperConfig`](ld_config::ZooKeeperConfig::max_node_bytes).
///
/// It waits for a session as long as [`ld_zk::Options::session_wait`] says, then 15 s for the
/// answer. Cancel-safe.
///
/// # Errors
///
/// - [`Error::InvalidPath`]: no node can have that path.
/// - [`Error::Path`] for the root: it is never a live data node.
/// - [`Error::TooLarge`] if `new` has more than `max_node_bytes`: the server would drop the
///   connection, so it is not asked.
/// - [`Error::NodeTooLarge`] if the node has more bytes than
///   [`Client::max_read_bytes`](ld_zk::Client::max_read_bytes): its length is asked first.
/// - [`Error::NodeMissing`], [`Error::NotAuthorized`], [`Error::Read`]: the node cannot be read.
/// - [`Error::Client`]: no session in time.
pub async fn plan(
    client: &ld_zk::Client,
    path: &str,
    new: Vec<u8>,
    max_node_bytes: usize,
) -> Result<Plan, Error> {
    if new.len() > max_node_bytes {
        // The path is judged first.
        node_path(path)?;
        return Err(Error::TooLarge { limit: max_node_bytes });
    }
    Present::read(client, path).await?.plan(new, max_node_bytes)
}

impl Plan {
    /// The node's path below the chroot, as it is written.
    pub fn path(&self) -> &str {
        self.present.path()
    }

    /// What the node holds.
    pub fn old_content(&self) -> &[u8] {
        self.present.content()
    }

    /// What it shall hold.
    pub fn new_content(&self) -> &[u8] {
        &self.new
    }

    /// Whether there is anything to write.
    pub fn is_change(&self) -> bool {
        self.old_content() != self.new
    }

    /// That the node still is as it was compared, as a part of a [`Publication`](crate::Publication)
    /// that does not write it.
    pub fn check(&self) -> Operation {
        Operation::Check { path: self.path().to_owned(), version: self.present.stat.version }
    }

    /// Looks whether the node still is what was compared: for what takes long before its write,
    /// since a write does not notice that the node was removed and made again. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`Error::ChangedMeanwhile`], [`Error::NodeMissing`]: it is not.
    /// - [`Error::Read`], [`Error::Client`]: ZooKeeper did not answer.
    pub async fn check_again(&self) -> Result<(), Error> {
        let session = self.present.client.session().await?;
        match find_stat(&session, self.path()).await? {
            Some(now) if now.mzxid == self.present.stat.mzxid => Ok(()),
            Some(_) => Err(Error::ChangedMeanwhile),
            None => Err(Error::NodeMissing),
        }
    }

    /// The change as text, bounded in time and size. It shows the content, and so the key in a
    /// pointer to S3.
    pub fn diff(&self, options: &DiffOptions) -> Diff {
        diff::diff(self.old_content(), &self.new, options)
    }

    /// Writes the node if it still is what was compared. When no answer comes within 15 s, or the
    /// connection is lost, or `interrupt` resolves first, the node is read back, for 15 s at most,
    /// so that the caller learns whether the write happened.
    ///
    /// # Errors
    ///
    /// - [`Error::Interrupted`]: `interrupt` resolved before anything was sent.
    /// - [`Error::ChangedMeanwhile`]: another client wrote the node; nothing was written.
    /// - [`Error::NodeMissing`], [`Error::NotAuthorized`], [`Error::Client`]: nothing was written.
    /// - [`Error::NotWritten`]: the answer was lost, the node was seen unchanged afterwards, and
    ///   the write cannot come any more.
    /// - [`Error::Unknown`]: it may have been written.
    /// - [`Error::Replaced`]: it was written, into a node that was removed and made again since it
    ///   was compared: ZooKeeper compares versions alone.
    ///
    /// Not cancel-safe: what became of a write that was sent is not known then.
    pub async fn commit(&self, interrupt: impl Future<Output = ()>) -> Result<Published, Error> {
        let plan = std::slice::from_ref(self);
        write::commit(plan, &[], interrupt).await.map(|published| published[0])
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.new.len();
        f.debug_struct("Plan").field("present", &self.present).field("bytes", &bytes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_may_be_spawned() {
        fn spawnable<T: Send>(_: &dyn Fn(Plan) -> T) {}
        spawnable(&|plan| async move { plan.commit(std::future::pending()).await });
        spawnable(&|plan| async move { crate::Publication::new(plan).commit(std::future::pending()).await });
    }
}
