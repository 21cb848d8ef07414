//! A new node together with its first entry.

use std::future::Future;
use std::pin::pin;

use super::record::{ATTEMPTS, Recorder};
use super::{History, Note, entry};
use crate::{Created, Error, NewNode, Operation, inherit};

impl History {
    /// Makes a node, as [`NewNode::create`] does, and records its content in the same transaction.
    /// With `publish.history = 0` nothing is recorded.
    ///
    /// # Errors
    ///
    /// As [`NewNode::create`], and those of a history that cannot be written, as
    /// [`History::commit`]; nothing was made then.
    ///
    /// Not cancel-safe: what became of a transaction that was sent is not known then.
    pub async fn create(
        &self,
        client: &ld_zk::Client,
        node: &NewNode,
        note: &Note,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Created, Error> {
        let mut interrupt = pin!(interrupt);
        let mut attempt = 1;
        loop {
            let operations = tokio::select! {
                biased;
                () = &mut interrupt => return Err(Error::Interrupted),
                operations = self.creation(client, node, note) => operations?,
            };
            match node.create_with(client, &operations, interrupt.as_mut()).await {
                // Another client has pruned the content since it was stored.
                Err(Error::Refused { path, .. })
                    if attempt < ATTEMPTS && self.place(node.path()).is_content(&path) =>
                {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Stores the content. Gives what belongs into the transaction of the node.
    async fn creation(
        &self,
        client: &ld_zk::Client,
        node: &NewNode,
        note: &Note,
    ) -> Result<Vec<Operation>, Error> {
        if !self.is_kept() {
            return Ok(Vec::new());
        }
        let session = client.session().await?;
        let acl = inherit(&session, &self.directory()).await?;
        let recorder = Recorder {
            session: &session,
            chroot: client.chroot(),
            place: self.place(node.path()),
            acl: &acl,
            max_node_bytes: node.max_node_bytes(),
        };
        recorder.entries([(node.content(), entry::of_creation(node.content(), note))]).await
    }
}
