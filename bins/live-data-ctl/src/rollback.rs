//! `rollback`: what was published before, again.

use std::sync::Arc;

use ld_cli::Exit;
use ld_config::{Config, Parsed, Scope};
use ld_publish::{History, Note, Plan, Publication};
use ld_tool::{
    CLOSE_LIMIT, Interrupt, KeyFiles, Publishing, Signing, UNLIMITED, before_any_write, check_credentials,
    failed, judge_content, on_a_thread,
};
use ld_zk::Client;
use serde_json::json;
use tracing::info;

use crate::args::{Args, RollbackArgs};
use crate::{Checks, output, refused};

pub(crate) async fn run(args: &Args, rollback: &RollbackArgs) -> Result<Exit, Exit> {
    let checks = Checks::default();
    let interrupt = Interrupt::listen(checks.clone()).map_err(failed)?;
    let path = rollback.place.config.clone();
    let read = move || ld_cli::read_parsed_config(&path, Scope::Writer);
    let parsed = before_any_write(&interrupt, async {
        let parsed = on_a_thread("reading the files", UNLIMITED, read).await??;
        check_credentials(&parsed.config).await?;
        Ok(parsed)
    })
    .await?;
    let client = ld_tool::client(&parsed.config, args.timeout)?;
    let done = roll_back(args, rollback, parsed, &client, &interrupt, &checks).await;
    client.close(CLOSE_LIMIT).await;
    done
}

async fn roll_back(
    args: &Args,
    rollback: &RollbackArgs,
    parsed: Parsed,
    client: &Client,
    interrupt: &Interrupt,
    checks: &Checks,
) -> Result<Exit, Exit> {
    let history = History::new(&parsed.config.publish);
    let (path, most) = (&rollback.place.path, parsed.config.zookeeper.max_node_bytes);
    let planned = history.plan_rollback(client, path, rollback.number, most);
    let planned = before_any_write(interrupt, async { planned.await.map_err(refused) }).await?;
    let (number, message) = (planned.number, planned.message());
    let nodes: Vec<String> = planned.plans.iter().map(|plan| plan.path().to_owned()).collect();
    info!("Rolling back {} to publication {number} of {}...", nodes.join(", "), nodes[0]);
    if !planned.plans.iter().any(Plan::is_change) {
        info!("No changes detected. Not writing.");
        return report(args, number, &nodes, false);
    }
    let config = ld_cli::config_to_write(parsed, &nodes)?;
    let prepared = prepare(rollback, &config, &planned.plans, &message, checks);
    let (signing, note) = before_any_write(interrupt, prepared).await?;
    let signing = signing.as_ref();
    let publishing = Publishing { client, config: &config, signing, note: &note, interrupt };
    let shown = async {
        let signatures = publishing.sign(&planned.plans).await.map_err(refused)?;
        let changes = planned.plans.iter().filter(|plan| plan.is_change());
        publishing.warn_of_rollouts(changes.map(Plan::path)).await;
        let plans = if args.json { planned.plans } else { Publishing::show(planned.plans).await? };
        Ok((signatures, plans))
    };
    let (signatures, plans) = before_any_write(interrupt, shown).await?;
    if rollback.dry_run {
        info!("Dry run. Not writing.");
        return report(args, number, &nodes, false);
    }
    let publication = Publication::of_changes(plans).expect("something changes");
    publishing.publish(publication, &signatures).await.map_err(refused)?;
    report(args, number, &nodes, true).inspect_err(output::change_is_made)
}

/// Guards judge the contents. Gives what signs them, and what the history says.
async fn prepare(
    rollback: &RollbackArgs,
    config: &Config,
    plans: &[Plan],
    message: &str,
    checks: &Checks,
) -> Result<(Option<Signing>, Note), Exit> {
    let password = rollback.sign_password_file.clone();
    let files = rollback.sign.clone().map(|key| KeyFiles { key, password });
    let signing = Signing::prepare(files, config).await?;
    for plan in plans.iter().filter(|plan| plan.is_change()) {
        let nodes: Vec<_> = config.nodes.iter().filter(|node| node.source == plan.path()).cloned().collect();
        judge_content(&nodes, &Arc::new(plan.new_content().to_vec()), checks).await?;
    }
    let note = ld_tool::note(rollback.author.as_deref(), rollback.message.as_deref(), message).await?;
    Ok((signing, note))
}

fn report(args: &Args, number: u32, nodes: &[String], is_written: bool) -> Result<Exit, Exit> {
    match args.json {
        true => output::json(&json!({ "publication": number, "nodes": nodes, "written": is_written })),
        false => Ok(Exit::Done),
    }
}
