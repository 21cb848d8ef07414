//! The content goes into the node.

use std::sync::Arc;

use ld_cli::Exit;
use ld_config::Config;
use ld_publish::{Checks, DiffOptions, Plan, Signature};
use ld_tool::{
    CLOSE_LIMIT, Interrupt, Signing, before_any_write, colour, failed, judge_content, read_source, show,
};
use ld_zk::Client;
use tracing::info;

use crate::args::Args;
use crate::missing::refused;
use crate::wait::wait;
use crate::{client, commit, read, sign, signing};

/// What is left to be done.
enum Todo {
    Write(Plan, Option<Signature>),
    /// The node is as it should be, but for its signature.
    Sign(Signature),
}

pub(crate) async fn write(args: &Arc<Args>, interrupt: &Interrupt, checks: &Checks) -> Result<Exit, Exit> {
    let (config, content) = before_any_write(interrupt, read(args, read_content)).await?;
    let signing = before_any_write(interrupt, signing(args, &config)).await?;
    let client = client(args, &config)?;
    let signing = signing.as_ref();
    let todo = prepare(args, &config, &client, content, signing, interrupt, checks);
    let exit = match before_any_write(interrupt, todo).await {
        Ok(Some(Todo::Write(plan, signature))) => {
            let written = commit(plan, signature, &client, &config, interrupt).await;
            written.map(|()| Exit::Done).map_err(failed)
        }
        Ok(Some(Todo::Sign(signature))) => {
            let written = signature.commit(&client, interrupt.asked()).await.map_err(failed);
            written.map(|()| {
                info!("Signed what the node holds with the counter {}.", signature.counter());
                Exit::Done
            })
        }
        Ok(None) => Ok(Exit::Done),
        Err(exit) => Err(exit),
    };
    let exit = wait(args, &config, &client, interrupt, exit).await;
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
    signing: Option<&Signing>,
    interrupt: &Interrupt,
    checks: &Checks,
) -> Result<Option<Todo>, Exit> {
    info!("Writing to {} in ZooKeeper...", args.dest);
    let content = Arc::new(content);
    judge_content(&config.nodes, &content, checks).await?;
    let content = Arc::unwrap_or_clone(content);
    let plan = ld_publish::plan(client, &args.dest, content, config.zookeeper.max_node_bytes).await;
    let plan = Arc::new(plan.map_err(|cause| refused(cause, args, config))?);
    if !plan.is_change() {
        if let Some(signing) = signing.filter(|_| !args.dry_run) {
            return sign_present(client, plan.path(), plan.old_content(), signing).await;
        }
        info!("No changes detected. Not writing.");
        return Ok(None);
    }
    // Before the change is shown: what keeps it from being signed would keep it from being written.
    let signature = sign(&plan, client, signing, interrupt).await.map_err(failed)?;
    let shown = Arc::clone(&plan);
    show(move || ld_tool::diff(&shown, &DiffOptions::default().colour(colour()))).await?;
    if args.dry_run {
        info!("Dry run. Not writing.");
        return Ok(None);
    }
    let plan = Arc::into_inner(plan).expect("the change was shown");
    Ok(Some(Todo::Write(plan, signature)))
}

/// The signature of what the node holds already, if that has none.
async fn sign_present(
    client: &Client,
    path: &str,
    content: &[u8],
    signing: &Signing,
) -> Result<Option<Todo>, Exit> {
    if signing.signer().has_signed(client, path, content).await.map_err(failed)? {
        info!("No changes detected. Not writing.");
        return Ok(None);
    }
    info!("No changes detected. Signing what the node holds.");
    let signature = signing.sign(client, path, content, content, std::future::pending()).await;
    Ok(Some(Todo::Sign(signature.map_err(failed)?)))
}
