//! A publication with all that belongs to it: signatures, history, what is said about it.

use std::time::Duration;

use ld_cli::Exit;
use ld_config::{Config, escape_hidden};
use ld_publish::{DiffOptions, Error, History, Note, Plan, Publication, Rollout, RolloutError, Signature};
use ld_zk::Client;
use tracing::{debug, info, warn};

use crate::{Interrupt, Signing, colour, diff, report_published, show};

/// How long the look for rollouts may take, of all nodes together.
const ROLLOUTS_LIMIT: Duration = Duration::from_secs(5);

/// What publishes.
#[derive(Debug, Clone, Copy)]
pub struct Publishing<'a> {
    /// The ensemble.
    pub client: &'a Client,
    /// Its configuration, and that of the nodes.
    pub config: &'a Config,
    /// What signs, if something does.
    pub signing: Option<&'a Signing>,
    /// What the history says about it.
    pub note: &'a Note,
    /// Ends it.
    pub interrupt: &'a Interrupt,
}

/// How the change of a node is shown. With `is_one_of_several` the header names the node.
fn diff_options(path: &str, is_one_of_several: bool) -> DiffOptions {
    let options = DiffOptions::default().colour(colour());
    match is_one_of_several {
        true => {
            let path = escape_hidden(path);
            options.names(format!("old {path}"), format!("new {path}"))
        }
        false => options,
    }
}

impl Publishing<'_> {
    /// Warns of each of these nodes, as they are to be published, of which a rollout runs. It asks
    /// only where the configuration uses what `live-data-ctl init` makes, and 5 seconds at most: a
    /// publication does not depend on the answer.
    pub async fn warn_of_rollouts(&self, paths: impl IntoIterator<Item = &str>) {
        let Self { client, config, .. } = *self;
        let is_used =
            config.publish.history > 0 || config.fleet.report || config.nodes.iter().any(|node| node.rollout);
        if !is_used {
            return;
        }
        let look = async {
            for path in paths {
                match Rollout::ensure_none(client, &config.publish, path).await {
                    Ok(()) => {}
                    Err(Error::Rollout(RolloutError::Exists { path, by })) => warn!(
                        "a rollout of {path} runs{by}: it cannot be promoted after this change. Hosts with the \
                         candidate keep it until a tool that conducts the rollout takes it back, or \
                         `live-data-ctl rollout abort`"
                    ),
                    Err(cause) => debug!("unknown whether a rollout of {path} runs: {cause}"),
                }
            }
        };
        if tokio::time::timeout(ROLLOUTS_LIMIT, look).await.is_err() {
            debug!("unknown whether rollouts run: no answer in time");
        }
    }

    /// Shows what changes, one node after the other. Gives the plans back.
    ///
    /// # Errors
    ///
    /// [`Exit::Failed`], logged: the system refuses a thread.
    pub async fn show(plans: Vec<Plan>) -> Result<Vec<Plan>, Exit> {
        let are_several = plans.len() > 1;
        let plans = std::sync::Arc::new(plans);
        for index in 0..plans.len() {
            let shown = std::sync::Arc::clone(&plans);
            if shown[index].is_change() {
                show(move || diff(&shown[index], &diff_options(shown[index].path(), are_several))).await?;
            } else {
                info!("{} holds it already: it is only compared.", shown[index].path());
            }
        }
        Ok(std::sync::Arc::into_inner(plans).expect("the changes were shown"))
    }

    /// Signs what changes, if it is to be signed. This comes before the change is shown: what
    /// cannot be signed is not written.
    ///
    /// # Errors
    ///
    /// As [`Signing::sign`].
    pub async fn sign(&self, plans: &[Plan]) -> Result<Vec<Signature>, Error> {
        let Some(signing) = self.signing else { return Ok(Vec::new()) };
        let mut signatures = Vec::new();
        for plan in plans.iter().filter(|plan| plan.is_change()) {
            let (path, content) = (plan.path(), plan.new_content());
            signatures.push(signing.sign(self.client, path, content, self.interrupt.asked()).await?);
        }
        Ok(signatures)
    }

    /// Signs what a node holds already, and is to hold, if it lacks a signature that counts.
    ///
    /// # Errors
    ///
    /// As [`Signing::sign`].
    pub async fn sign_unchanged(&self, plan: &Plan) -> Result<Option<Signature>, Error> {
        let Some(signing) = self.signing.filter(|_| !plan.is_change()) else { return Ok(None) };
        let (path, content) = (plan.path(), plan.new_content());
        if signing.signer().has_signed(self.client, path, content).await? {
            return Ok(None);
        }
        signing.sign(self.client, path, content, self.interrupt.asked()).await.map(Some)
    }

    /// Writes the signature of what a node holds already.
    ///
    /// # Errors
    ///
    /// As [`Signature::commit`].
    pub async fn publish_signature(&self, plan: &Plan, signature: &Signature) -> Result<(), Error> {
        publish_signature(self.client, plan, signature, self.interrupt).await
    }

    /// Writes all of it, with its signatures and its history, and reports what each node is now.
    ///
    /// # Errors
    ///
    /// As [`History::commit`].
    pub async fn publish(&self, publication: Publication, signatures: &[Signature]) -> Result<(), Error> {
        let history = History::new(&self.config.publish);
        let publication = signatures.iter().fold(publication, Publication::signed);
        let published = history.commit(&publication, self.note, self.interrupt.asked()).await?;
        info!("Wrote data to Zookeeper.");
        for (plan, published) in publication.plans().iter().zip(&published) {
            report_published(plan.path(), published, &self.config.zookeeper);
        }
        for signature in signatures {
            info!("Signed it with the counter {}.", signature.counter());
            signature.tidy(self.client).await;
        }
        let paths = publication.plans().iter().map(Plan::path);
        history.prune_all(self.client, paths, self.interrupt.asked()).await;
        Ok(())
    }
}

/// Writes the signature of what a node holds already.
///
/// # Errors
///
/// As [`Signature::commit`].
pub async fn publish_signature(
    client: &Client,
    plan: &Plan,
    signature: &Signature,
    interrupt: &Interrupt,
) -> Result<(), Error> {
    signature.commit(plan, interrupt.asked()).await?;
    info!("Signed what {} holds with the counter {}.", plan.path(), signature.counter());
    signature.tidy(client).await;
    Ok(())
}
