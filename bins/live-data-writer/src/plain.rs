//! The content goes into the node.

use std::sync::Arc;

use ld_cli::Exit;
use ld_config::{Config, znode_path};
use ld_publish::{Checks, Plan, Publication, Signature};
use ld_tool::{CLOSE_LIMIT, Interrupt, Publishing, before_any_write, failed, judge_content, read_source};
use tracing::info;

use crate::args::Args;
use crate::missing::refused;
use crate::wait::wait;
use crate::{client, note, read, signing};

/// What is left to be done.
enum Todo {
    Write(Publication, Vec<Signature>),
    /// The nodes are as they should be, but for these signatures.
    Sign(Vec<(Plan, Signature)>),
}

pub(crate) async fn write(args: &Arc<Args>, interrupt: &Interrupt, checks: &Checks) -> Result<Exit, Exit> {
    let (config, contents) = before_any_write(interrupt, read(args, read_contents)).await?;
    let signing = before_any_write(interrupt, signing(args, &config)).await?;
    let note = before_any_write(interrupt, note(args, &config)).await?;
    let client = client(args, &config)?;
    let signing = signing.as_ref();
    let publishing = Publishing { client: &client, config: &config, signing, note: &note, interrupt };
    let todo = prepare(args, publishing, contents.clone(), checks);
    let written = match before_any_write(interrupt, todo).await {
        Ok(Some(Todo::Write(publication, signatures))) => {
            publishing.publish(publication, &signatures).await.map(|()| Exit::Done).map_err(failed)
        }
        Ok(Some(Todo::Sign(unsigned))) => sign(publishing, &unsigned).await,
        Ok(None) => Ok(Exit::Done),
        Err(exit) => Err(exit),
    };
    let exit = wait(args, &config, &client, interrupt, written.map(|_| contents)).await;
    client.close(CLOSE_LIMIT).await;
    exit
}

async fn sign(publishing: Publishing<'_>, unsigned: &[(Plan, Signature)]) -> Result<Exit, Exit> {
    for (plan, signature) in unsigned {
        publishing.publish_signature(plan, signature).await.map_err(failed)?;
    }
    Ok(Exit::Done)
}

fn read_contents(args: &Args, config: &Config) -> Result<Vec<Vec<u8>>, Exit> {
    let read = |source| read_source(source, config.zookeeper.max_node_bytes, args.allow_empty);
    args.targets().map(|(source, _)| read(source)).collect()
}

/// Everything before the write; nothing if there is nothing to write.
async fn prepare(
    args: &Args,
    publishing: Publishing<'_>,
    contents: Vec<Vec<u8>>,
    checks: &Checks,
) -> Result<Option<Todo>, Exit> {
    let Publishing { client, config, .. } = publishing;
    let mut plans = Vec::with_capacity(contents.len());
    for ((source, dest), content) in args.targets().zip(contents) {
        info!("Writing to {dest} in ZooKeeper...");
        let path = znode_path(dest).unwrap_or_default();
        let nodes: Vec<_> = config.nodes.iter().filter(|node| node.source == path).cloned().collect();
        let content = Arc::new(content);
        judge_content(&nodes, &content, checks).await?;
        let content = Arc::unwrap_or_clone(content);
        let plan = ld_publish::plan(client, dest, content, config.zookeeper.max_node_bytes).await;
        plans.push(plan.map_err(|cause| refused(cause, args, config, source, dest))?);
    }
    if !plans.iter().any(Plan::is_change) {
        return sign_unchanged(args, publishing, plans).await;
    }
    let mut signatures = publishing.sign(&plans).await.map_err(failed)?;
    for plan in &plans {
        // A node that is not written gets its signature in the same transaction.
        signatures.extend(publishing.sign_unchanged(plan).await.map_err(failed)?);
    }
    publishing.warn_of_rollouts(plans.iter().filter(|plan| plan.is_change()).map(Plan::path)).await;
    let plans = Publishing::show(plans).await?;
    if args.dry_run {
        info!("Dry run. Not writing.");
        return Ok(None);
    }
    Ok(Publication::of_changes(plans).map(|publication| Todo::Write(publication, signatures)))
}

/// The signatures that the nodes lack, which hold the contents already.
async fn sign_unchanged(
    args: &Args,
    publishing: Publishing<'_>,
    plans: Vec<Plan>,
) -> Result<Option<Todo>, Exit> {
    let mut unsigned = Vec::new();
    for plan in plans {
        if let Some(signature) = publishing.sign_unchanged(&plan).await.map_err(failed)? {
            unsigned.push((plan, signature));
        }
    }
    if unsigned.is_empty() {
        info!("No changes detected. Not writing.");
        return Ok(None);
    }
    if args.dry_run {
        info!("No changes detected. Dry run. Not signing.");
        return Ok(None);
    }
    Ok(Some(Todo::Sign(unsigned)))
}
