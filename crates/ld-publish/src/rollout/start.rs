//! The start of a rollout: plan and candidate in one transaction.

use std::future::Future;
use std::time::SystemTime;

use ld_config::{PublishConfig, escape_hidden};
use ld_fleet::{ROLLOUTS, RolloutPace, RolloutPlan, candidate_of};
use ld_zk::zookeeper;

use super::hosts::hosts_in_share;
use super::{Rollout, RolloutError, mark_of};
use crate::acl::inherit;
use crate::lost::{self, Sent};
use crate::operation::{self, Operation, Refused};
use crate::present::node_path;
use crate::request::{find_node, find_stat};
use crate::{Error, Note, Plan, Signature};

impl Rollout {
    /// Checks that there is no rollout of the node at `path`, so that another one can be refused
    /// early. Cancel-safe.
    ///
    /// # Errors
    ///
    /// - [`RolloutError::Exists`]: there is one.
    /// - [`Error::InvalidPath`], [`Error::Path`]: no node can have that path.
    /// - [`Error::Read`], [`Error::Client`]: this is not known.
    pub async fn ensure_none(
        client: &ld_zk::Client,
        publish: &PublishConfig,
        path: &str,
    ) -> Result<(), Error> {
        let path = node_path(path)?;
        let place = publish.place_of(ROLLOUTS, &path);
        match find_stat(&client.session().await?, &place).await? {
            Some(_) => Err(exists(client, publish, &path).await),
            None => Ok(()),
        }
    }
}

/// Starts a rollout of what is planned: the first share of `pace` gets it as a candidate, and the
/// node stays as it is. Its signature is written in the same transaction. It is refused if the node
/// is no longer what was compared. A lost answer is read back, as by [`Plan::commit`].
///
/// The promotion is recorded with `note`, whichever tool makes it. Without a message it names the
/// rollout.
///
/// # Errors
///
/// - [`RolloutError::Exists`]: two rollouts of one node exclude each other.
/// - [`Error::DirectoryMissing`]: `live-data-ctl init` was not run.
/// - [`RolloutError::InvalidPace`]: the steps cannot be used, or the plan is too large.
/// - [`Error::Fleet`]: the hosts of the first share cannot be counted.
/// - Those of [`Plan::commit`].
///
/// Not cancel-safe: what became of a request that was sent is not known then.
pub async fn start_rollout(
    publish: &PublishConfig,
    plan: &Plan,
    pace: RolloutPace,
    note: &Note,
    signature: Option<&Signature>,
    interrupt: impl Future<Output = ()>,
) -> Result<Rollout, Error> {
    let (client, path, stable) = (&plan.present.client, plan.path(), &plan.present.stat);
    let place = publish.place_of(ROLLOUTS, path);
    let acl = inherit(&client.session().await?, &publish.directory(ROLLOUTS)).await?;
    let id = format!("{:032x}", fastrand::u128(..));
    let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let by = (note.author.clone(), started);
    let mut rollout = RolloutPlan::new(id, path, plan.new_content(), pace, stable.mzxid, by)
        .map_err(RolloutError::InvalidPace)?;
    rollout.hosts = hosts_in_share(client, publish, &rollout).await?.len();
    rollout.message.clone_from(&note.message);
    let bytes = rollout.to_bytes();
    // The texts may make it larger than what watchers read.
    RolloutPlan::parse(&bytes, path).map_err(RolloutError::InvalidPace)?;
    let mut operations = vec![
        plan.check(),
        Operation::create(&*place, &*bytes, &acl),
        Operation::create(candidate_of(&place), plan.new_content(), &acl),
        Operation::create(mark_of(&place, &rollout.id), "", &acl),
    ];
    operations.extend(signature.into_iter().flat_map(Signature::operations).cloned());
    operation::check_size(&operations, client.chroot(), plan.max_node_bytes)?;

    let limit = client.max_read_bytes();
    let (operations, at) = (&operations, &place);
    let send =
        |session: zookeeper::Client| async move { operation::commit(&session, operations).await.map(drop) };
    let read = |session: zookeeper::Client| async move {
        let found = find_node(&session, at, limit).await?;
        Ok(found.map(|(data, _)| data))
    };
    match lost::write(client, &place, send, read, interrupt).await? {
        Sent::Done(()) => {}
        Sent::Refused(Refused { path: at, cause: zookeeper::Error::NodeExists }) if at == place => {
            return Err(exists(client, publish, path).await);
        }
        Sent::Refused(Refused { path, cause }) => {
            return Err(Error::write(&path, cause));
        }
        Sent::Lost(cause, seen) => match &seen.found {
            Some(found) if *found == bytes => {}
            Some(_) => return Err(exists(client, publish, path).await),
            None => return Err(seen.not_written(true, cause)),
        },
    }
    let started = Rollout::read(client, publish, path).await?;
    started.ok_or_else(|| RolloutError::Missing { path: path.to_owned() }.into())
}

/// The error that tells of the rollout that there is.
async fn exists(client: &ld_zk::Client, publish: &PublishConfig, path: &str) -> Error {
    let found = Rollout::read(client, publish, path).await.ok().flatten();
    let by = found.map_or_else(String::new, |rollout| {
        let RolloutPlan { author, started, share, .. } = &rollout.plan;
        escape_hidden(&format!(" ({author} started it at {started}, and {share} of the hosts have it)"))
            .into_owned()
    });
    RolloutError::Exists { path: path.to_owned(), by }.into()
}
