//! A publication together with its entries.

use std::future::Future;
use std::pin::pin;

use ld_zk::zookeeper::{self, Acl};

use super::entry::{self, Name};
use super::{History, HistoryError, MAX_GROUP, Note, Place, store};
use crate::request::{find_stat, list_children};
use crate::{Error, Operation, Plan, Publication, Published, inherit, write};

/// How often another client may prune a content between its storing and the transaction.
pub(super) const ATTEMPTS: usize = 5;

impl History {
    /// Writes all of a publication, as [`Publication::commit`] does, and records it in the same
    /// transaction. With `publish.history = 0` nothing is recorded, and no more is asked than
    /// [`Publication::commit`] asks.
    ///
    /// Call [`History::prune_all`] afterwards.
    ///
    /// # Errors
    ///
    /// As [`Publication::commit`], and, before anything of the publication was written:
    ///
    /// - [`Error::DirectoryMissing`]: `live-data-ctl init` has not made the directory.
    /// - [`Error::Acl`], [`Error::NotAuthorized`], [`Error::Read`], [`Error::Refused`]: the
    ///   history cannot be read or written.
    /// - [`Error::TransactionTooLarge`], [`HistoryError::GroupTooLarge`].
    ///
    /// Not cancel-safe: what became of a transaction that was sent is not known then.
    pub async fn commit(
        &self,
        publication: &Publication,
        note: &Note,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Vec<Published>, Error> {
        if !self.is_kept() {
            return publication.commit(interrupt).await;
        }
        let mut interrupt = pin!(interrupt);
        let mut attempt = 1;
        loop {
            let operations = tokio::select! {
                biased;
                () = &mut interrupt => return Err(Error::Interrupted),
                operations = self.operations(publication.plans(), note) => operations?,
            };
            let others: Vec<Operation> = publication.others.iter().cloned().chain(operations).collect();
            match write::commit(publication.plans(), &others, &mut interrupt).await {
                Err(Error::Refused { path, .. })
                    if attempt < ATTEMPTS && self.is_content(publication.plans(), &path) =>
                {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Stores the contents of `plans`. Gives what belongs into their transaction.
    ///
    /// # Errors
    ///
    /// As [`History::commit`].
    async fn operations(&self, plans: &[Plan], note: &Note) -> Result<Vec<Operation>, Error> {
        if plans.len() > MAX_GROUP {
            return Err(HistoryError::GroupTooLarge { nodes: plans.len(), limit: MAX_GROUP }.into());
        }
        let group = match plans {
            [_] => Vec::new(),
            plans => plans.iter().map(|plan| plan.path().to_owned()).collect(),
        };
        let session = plans[0].present.client.session().await?;
        let acl = inherit(&session, &self.directory()).await?;
        let mut operations = Vec::new();
        for plan in plans {
            let recorder = Recorder {
                session: &session,
                chroot: plan.present.client.chroot(),
                place: self.place(plan.path()),
                acl: &acl,
                max_node_bytes: plan.max_node_bytes,
            };
            operations.extend(recorder.plan(plan, note, &group).await?);
        }
        Ok(operations)
    }

    fn is_content(&self, plans: &[Plan], path: &str) -> bool {
        plans.iter().any(|plan| self.place(plan.path()).is_content(path))
    }
}

/// Where and how entries are made.
pub(super) struct Recorder<'a> {
    pub(super) session: &'a zookeeper::Client,
    pub(super) chroot: &'a str,
    pub(super) place: Place,
    pub(super) acl: &'a [Acl],
    pub(super) max_node_bytes: usize,
}

impl Recorder<'_> {
    /// Records a publication, and what the node holds if no entry has it.
    async fn plan(&self, plan: &Plan, note: &Note, group: &[String]) -> Result<Vec<Operation>, Error> {
        let publication = (plan.new_content(), entry::of_publication(plan, note, group));
        match is_recorded(self.session, plan, &self.place).await? {
            true => self.entries([publication]).await,
            false => self.entries([(plan.old_content(), entry::of_unrecorded(plan)), publication]).await,
        }
    }

    /// Stores contents. Gives what makes their entries.
    pub(super) async fn entries<const N: usize>(
        &self,
        entries: [(&[u8], Vec<u8>); N],
    ) -> Result<Vec<Operation>, Error> {
        let mut operations = Vec::new();
        for (content, json) in entries {
            let sha256 = ld_sign::hash(content);
            // A content too large for it is too large for the transaction, or only not kept.
            if let Some(version) = store::store(self, &sha256, content).await? {
                operations.push(Operation::Check { path: self.place.content(&sha256), version });
            }
            operations.push(Operation::Create {
                path: self.place.child(&Name::prefix(&sha256)),
                content: json,
                is_sequential: true,
                acl: self.acl.to_vec(),
            });
        }
        // It tells pruning of this publication, and a lost answer by its random number.
        let id = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let content = serde_json::json!({ "format": 1, "id": id }).to_string().into_bytes();
        operations.push(Operation::Set { path: self.place.path.clone(), content, version: None });
        Ok(operations)
    }
}

/// Whether the last entry is that of what the node holds.
async fn is_recorded(session: &zookeeper::Client, plan: &Plan, place: &Place) -> Result<bool, Error> {
    let last = match children(session, &place.path).await {
        Ok((names, _)) => names.into_iter().max(),
        Err(Error::Absent { .. }) => return Ok(false),
        Err(cause) => return Err(cause),
    };
    let Some(last) = last else { return Ok(false) };
    let path = place.child(&last.text());
    let stat = find_stat(session, &path).await?;
    Ok(stat.is_some_and(|stat| stat.czxid == plan.present.stat.mzxid))
}

/// The names of the entries below a place, in no order, and the stat of the place.
pub(super) async fn children(
    session: &zookeeper::Client,
    path: &str,
) -> Result<(Vec<Name>, zookeeper::Stat), Error> {
    let (names, stat) = list_children(session, path).await?;
    Ok((names.iter().filter_map(|name| Name::parse(name)).collect(), stat))
}
