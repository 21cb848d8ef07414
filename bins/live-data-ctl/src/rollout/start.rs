//! `rollout start`

use std::path::Path;
use std::sync::Arc;

use ld_cli::Exit;
use ld_fleet::RolloutPace;
use ld_publish::{DiffOptions, Note, Participants, Plan, Rollout, RolloutError, start_rollout};
use ld_tool::{KeyFiles, Signing, before_any_write, colour, failed, judge_content, read_source, show};
use tracing::{error, info, warn};

use super::conduct;
use crate::args::Args;
use crate::args::rollout::StartArgs;
use crate::{Writing, refused};

/// How many hosts are named that follow no rollout.
const MOST_NAMED: usize = 20;

pub(crate) async fn run(args: &Args, start: &StartArgs) -> Result<Exit, Exit> {
    if start.config == Path::new("-") && start.source == Path::new("-") {
        error!("CONFIG and SOURCE cannot both be standard input");
        return Err(Exit::Usage);
    }
    let path = crate::content::path(&start.path)?;
    let pace = RolloutPace {
        steps: start.steps.clone(),
        soak: start.soak,
        max_bad: start.max_bad,
        check: start.conduct.check.is_some(),
    };
    pace.validate().map_err(|cause| {
        failed(RolloutError::InvalidPace(cause));
        Exit::Usage
    })?;
    let read = {
        let (config, source, path) = (start.config.clone(), start.source.clone(), path.clone());
        let allow_empty = start.allow_empty;
        move || {
            let config = ld_cli::read_config_to_write(&config, &path)?;
            let content = read_source(&source, config.zookeeper.max_node_bytes, allow_empty)?;
            Ok((config, content))
        }
    };
    let writing = Writing::begin(args, read).await?;
    writing.end(async |writing| begin(args, start, writing, &path, pace).await).await
}

async fn begin(
    args: &Args,
    start: &StartArgs,
    writing: &Writing<Vec<u8>>,
    path: &str,
    pace: RolloutPace,
) -> Result<Exit, Exit> {
    let Writing { config, client, interrupt, .. } = writing;
    let author = match &start.author {
        Some(author) => author.clone(),
        None => ld_tool::user_at_host().await,
    };
    let note = Note::new(author, start.message.as_deref().unwrap_or_default()).map_err(refused)?;
    let Some((plan, signing)) = before_any_write(interrupt, prepare(start, writing, path)).await? else {
        info!("No changes detected. Not starting.");
        return Ok(Exit::Done);
    };
    let signature = match &signing {
        Some(signing) => {
            let signature = signing.sign(client, path, plan.new_content(), interrupt.asked()).await;
            Some(signature.map_err(refused)?)
        }
        None => None,
    };
    // The difference may have been read for long.
    writing.ask(plan.check_again()).await?;
    let (signature, interrupt) = (signature.as_ref(), interrupt.asked());
    let started = start_rollout(&config.publish, &plan, pace, &note, signature, interrupt).await;
    let rollout = started.map_err(refused)?;
    if let Some(signature) = &signature {
        signature.tidy(client).await;
    }
    info!("Started a rollout of {path}: {} of the hosts get the candidate.", rollout.plan().share);
    conduct::run(args, writing, path, &start.conduct).await
}

/// Everything before the start; nothing if the node holds the content already.
async fn prepare(
    start: &StartArgs,
    writing: &Writing<Vec<u8>>,
    path: &str,
) -> Result<Option<(Arc<Plan>, Option<Signing>)>, Exit> {
    let Writing { config, client, checks, input, .. } = writing;
    let content = Arc::new(input.clone());
    judge_content(&config.nodes, &content, checks).await?;
    let password = start.sign_password_file.clone();
    let files = start.sign.clone().map(|key| KeyFiles { key, password });
    let signing = Signing::prepare(files, config).await?;
    Rollout::ensure_none(client, &config.publish, path).await.map_err(refused)?;
    some_host_takes_part(writing, path).await?;
    let content = Arc::unwrap_or_clone(content);
    let plan = ld_publish::plan(client, path, content, config.zookeeper.max_node_bytes).await;
    let plan = Arc::new(plan.map_err(refused)?);
    if !plan.is_change() {
        return Ok(None);
    }
    let shown = Arc::clone(&plan);
    show(move || ld_tool::diff(&shown, &DiffOptions::default().colour(colour()))).await?;
    Ok(Some((plan, signing)))
}

/// Without reports nothing shows whether a candidate does harm.
async fn some_host_takes_part(writing: &Writing<Vec<u8>>, path: &str) -> Result<(), Exit> {
    let Writing { config, client, .. } = writing;
    let found = Participants::read(client, &config.publish, path).await.map_err(refused)?;
    for (host, why) in found.unable.iter().take(MOST_NAMED) {
        warn!("{host} follows no rollout of {path}, and gets the content when it is promoted: {why}");
    }
    if let Some(more @ 1..) = found.unable.len().checked_sub(MOST_NAMED) {
        warn!("{more} more hosts follow no rollout of {path}");
    }
    if !found.hosts.is_empty() {
        return Ok(());
    }
    error!(
        "nothing was started: no host reports that it takes part in rollouts of {path}: set nodes.NAME.rollout \
         and fleet.report there"
    );
    Err(Exit::Failed)
}
