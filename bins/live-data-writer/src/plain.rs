//! The content goes into the node.

use std::sync::Arc;

use ld_cli::Exit;
use ld_config::Config;
use ld_publish::{Checks, DiffOptions, Plan};
use ld_tool::{CLOSE_LIMIT, Interrupt, before_any_write, colour, failed, judge_content, read_source, show};
use ld_zk::Client;
use tracing::info;

use crate::args::Args;
use crate::{client, commit, read};

pub(crate) async fn write(args: &Arc<Args>, interrupt: &Interrupt, checks: &Checks) -> Result<Exit, Exit> {
    let (config, content) = before_any_write(interrupt, read(args, read_content)).await?;
    let client = client(args, &config)?;
    let plan = before_any_write(interrupt, prepare(args, &config, &client, content, checks)).await;
    let exit = match plan {
        Ok(Some(plan)) => commit(&plan, &config, interrupt).await.map(|()| Exit::Done).map_err(failed),
        Ok(None) => Ok(Exit::Done),
        Err(exit) => Err(exit),
    };
    client.close(CLOSE_LIMIT).await;
    exit
}

fn read_content(args: &Args, config: &Config) -> Result<Vec<u8>, Exit> {
    read_source(&args.source, config.zookeeper.max_node_bytes, args.allow_empty)
}

/// Everything before the write; nothing if there is nothing to write.
async fn prepare(
    args: &Args,
    config: &Config,
    client: &Client,
    content: Vec<u8>,
    checks: &Checks,
) -> Result<Option<Arc<Plan>>, Exit> {
    info!("Writing to {} in ZooKeeper...", args.dest);
    let content = Arc::new(content);
    judge_content(&config.nodes, &content, checks).await?;
    let content = Arc::unwrap_or_clone(content);
    let plan = ld_publish::plan(client, &args.dest, content, config.zookeeper.max_node_bytes).await;
    let plan = Arc::new(plan.map_err(failed)?);
    if !plan.is_change() {
        info!("No changes detected. Not writing.");
        return Ok(None);
    }
    let shown = Arc::clone(&plan);
    show(move || ld_tool::diff(&shown, &DiffOptions::default().colour(colour()))).await?;
    if args.dry_run {
        info!("Dry run. Not writing.");
        return Ok(None);
    }
    Ok(Some(plan))
}
