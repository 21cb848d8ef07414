//! The rounds of a rollout: read plan and reports, decide, act by compare-and-set.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ld_config::Config;
use ld_fleet::ReadError;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::memory::Memory;
use super::step::{Input, decide};
use super::{CheckError, Hosts, Next, Participants, Rollout, RolloutError, Round, candidate_hosts};
use crate::{AclError, Error, Published};

/// The pause between two rounds. A round that takes longer is followed by a pause as long as
/// itself.
const PAUSE: Duration = Duration::from_secs(1);

/// How a rollout ended for the tool.
#[derive(Debug)]
#[non_exhaustive]
pub enum Conducted {
    /// The node holds the candidate.
    Promoted(Published),
    /// The candidate was taken back: why.
    TakenBack(String),
    /// Another tool has ended the rollout. It may have started another one since.
    Ended,
    /// The tool was asked to end. The rollout stays as it is.
    Interrupted,
}

/// Conducts the rollout of the node at `path` to its end, or until `interrupt` resolves. `check` is
/// asked in each round, and `show` is told of each.
///
/// Several tools may conduct one rollout: each change is a compare-and-set. What cannot be read is
/// tried again, and nothing grows meanwhile. A rollout of a node that was changed since is taken
/// back: it cannot be promoted any more.
///
/// # Errors
///
/// - [`RolloutError::Missing`]: there is none when it begins.
/// - [`RolloutError::InvalidPlan`], [`RolloutError::NoCandidate`], [`Error::NotAuthorized`],
///   [`Error::Fleet`] for reports that may not be read, and those of a promotion that would come
///   again: the rollout stays as it is, and cannot go on.
///
/// Not cancel-safe: what became of a request that was sent is not known then.
pub async fn conduct(
    client: &ld_zk::Client,
    config: &Config,
    path: &str,
    check: impl AsyncFn(&Rollout) -> Result<(), CheckError>,
    mut show: impl FnMut(&Rollout, &Round),
    interrupt: impl Future<Output = ()>,
) -> Result<Conducted, Error> {
    let (mut memory, start) = (Memory::default(), Instant::now());
    let mut interrupt = pin!(interrupt);
    let (mut is_first, mut id) = (true, None);
    // Hosts do not age while no report can be read: all of them may have to come back after that.
    let (mut unseen, mut failing_since) = (Duration::ZERO, None);
    loop {
        let began = Instant::now();
        let look = tokio::select! {
            biased;
            () = &mut interrupt => return Ok(Conducted::Interrupted),
            look = look(client, config, path, id.as_deref(), &check) => look,
        };
        match look {
            Ok(None) if is_first => return Err(RolloutError::Missing { path: path.to_owned() }.into()),
            Ok(None) => return Ok(Conducted::Ended),
            Ok(Some(Look { check: Err(CheckError::Interrupted), .. })) => return Ok(Conducted::Interrupted),
            Ok(Some(Look { rollout, hosts, is_watched, is_stable, check })) => {
                id.get_or_insert_with(|| rollout.plan.id.clone());
                let check = check.map_err(|error| error.to_string());
                unseen += failing_since.take().map_or(Duration::ZERO, |since: Instant| since.elapsed());
                let (plan, hosts, now) = (rollout.plan(), &hosts, start.elapsed().saturating_sub(unseen));
                let round = decide(&mut memory, Input { plan, hosts, is_watched, is_stable, check, now });
                show(&rollout, &round);
                match act(rollout, round.next, config).await {
                    Ok(Some(conducted)) => return Ok(conducted),
                    Ok(None) => {}
                    // Another tool was faster: the next round sees what it did.
                    Err(Error::ChangedMeanwhile | Error::Rollout(RolloutError::Missing { .. })) => {
                        info!("the rollout was changed by another tool");
                    }
                    Err(Error::Rollout(RolloutError::StableChanged { .. })) => {}
                    Err(error) if is_final(&error) => return Err(error),
                    Err(error) => warn!("{error}; the next round tries again"),
                }
            }
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                failing_since.get_or_insert(began);
                warn!("nothing grows: {error}");
            }
        }
        is_first = false;
        tokio::select! {
            biased;
            () = &mut interrupt => return Ok(Conducted::Interrupted),
            () = sleep(PAUSE.max(began.elapsed())) => {}
        }
    }
}

/// What a round reads.
struct Look {
    rollout: Rollout,
    hosts: Hosts,
    is_watched: bool,
    is_stable: bool,
    check: Result<(), CheckError>,
}

/// Reads all that a round decides by; `None` if there is no rollout, or not the one with this `id`.
/// It changes nothing.
async fn look(
    client: &ld_zk::Client,
    config: &Config,
    path: &str,
    id: Option<&str>,
    check: &impl AsyncFn(&Rollout) -> Result<(), CheckError>,
) -> Result<Option<Look>, Error> {
    let publish = &config.publish;
    let found = Rollout::read(client, publish, path).await?;
    // Another one may have been started with other steps and another check.
    let is_meant = |rollout: &Rollout| id.is_none_or(|id| rollout.plan.id == id);
    let Some(rollout) = found.filter(is_meant) else { return Ok(None) };
    let check = check(&rollout).await;
    // Read after the check, which may take a minute: a share must not grow by old reports.
    let hosts = candidate_hosts(&rollout, publish).await?;
    // A share may be without hosts. A rollout without any is not watched by anything. The first
    // round also finds out whether this user may read reports: later, one that it may not is bad.
    let is_watched = id.is_some() && !hosts.is_empty()
        || !Participants::read(client, publish, path).await?.hosts.is_empty();
    let is_stable = rollout.stable().await?.is_some();
    Ok(Some(Look { rollout, hosts, is_watched, is_stable, check }))
}

/// Does what was decided. Gives the end, if it is one.
async fn act(rollout: Rollout, next: Next, config: &Config) -> Result<Option<Conducted>, Error> {
    Ok(match next {
        Next::Wait(_) | Next::Soak(_) => None,
        Next::Raise(share) => {
            rollout.set_share(&config.publish, share).await?;
            None
        }
        Next::Promote => Some(Conducted::Promoted(rollout.promote(config, std::future::pending()).await?)),
        Next::TakeBack(why) => {
            rollout.take_back().await?;
            Some(Conducted::TakenBack(why))
        }
    })
}

/// Whether another attempt leads to the same.
fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::Rollout(RolloutError::InvalidPlan { .. } | RolloutError::NoCandidate { .. })
            | Error::NotAuthorized { .. }
            | Error::NodeMissing
            | Error::TooLarge { .. }
            | Error::TransactionTooLarge { .. }
            | Error::DirectoryMissing { .. }
            | Error::Acl(AclError::Masked { .. } | AclError::Invalid { .. })
            | Error::Fleet(ReadError::Denied { .. } | ReadError::NoDirectory { .. })
    )
}
