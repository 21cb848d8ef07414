//! `create`: a node with its parents, content and ACL.

use std::path::Path;
use std::sync::Arc;

use ld_cli::Exit;
use ld_config::{Config, counted};
use ld_publish::{AclEntry, Created, History, NewNode};
use ld_tool::{before_any_write, judge_content, note_if_kept, read_source};
use ld_zk::zookeeper::Acl;
use serde_json::json;
use tracing::{error, info};

use crate::args::{Args, CreateArgs};
use crate::{Writing, acls, output, refused};

/// What the files of the command hold.
struct Input {
    content: Vec<u8>,
    acl: Vec<Acl>,
    parents_acl: Option<Vec<Acl>>,
}

pub(crate) async fn run(args: &Args, create: &CreateArgs) -> Result<Exit, Exit> {
    if create.place.config == Path::new("-") && create.source.as_deref() == Some(Path::new("-")) {
        error!("CONFIG and SOURCE cannot both be standard input");
        return Err(Exit::Usage);
    }
    let acl = acls::parse("--acl", &create.acl)?;
    let parents_acl = acls::parse("--parents-acl", &create.parents_acl)?;
    let read = {
        let (config, path) = (create.place.config.clone(), create.place.path.clone());
        let (source, allow_empty) = (create.source.clone(), create.allow_empty);
        move || {
            let config = ld_cli::read_config_to_write(&config, &path)?;
            let input = read_input(&config, source.as_deref(), allow_empty, &acl, &parents_acl)?;
            Ok((config, input))
        }
    };
    let created = Writing::begin(args, read).await?.end(async |writing| make(writing, create).await).await?;
    report(args, &created)
}

fn read_input(
    config: &Config,
    source: Option<&Path>,
    allow_empty: bool,
    acl: &[AclEntry],
    parents_acl: &[AclEntry],
) -> Result<Input, Exit> {
    let content = match source {
        Some(source) => read_source(source, config.zookeeper.max_node_bytes, allow_empty)?,
        None => Vec::new(),
    };
    let acl = acls::resolved(acl, config)?;
    acls::warn_if_final(&acl);
    let parents_acl = match parents_acl {
        [] => None,
        entries => Some(acls::resolved(entries, config)?),
    };
    Ok(Input { content, acl, parents_acl })
}

async fn make(writing: &Writing<Input>, create: &CreateArgs) -> Result<Created, Exit> {
    let Writing { config, client, interrupt, checks, input } = writing;
    let content = Arc::new(input.content.clone());
    let judged = judge_content(&config.nodes, &content, checks);
    before_any_write(interrupt, judged).await?;
    let note = note_if_kept(config, create.author.as_deref(), create.message.as_deref());
    let note = before_any_write(interrupt, note).await?;
    let content = Arc::unwrap_or_clone(content);
    let node = NewNode::new(&create.place.path, content, input.acl.clone(), config.zookeeper.max_node_bytes);
    let mut node = node.map_err(refused)?;
    if let Some(acl) = &input.parents_acl {
        node = node.parents_acl(acl.clone());
    }
    let history = History::new(&config.publish);
    let created = history.create(client, &node, &note, interrupt.asked()).await.map_err(refused)?;
    let ensemble = ld_cli::ensemble(&config.zookeeper);
    for parent in &created.parents {
        info!("Created {parent} in {ensemble}.");
    }
    let bytes = counted(created.bytes as u64, "byte");
    info!("Created {} in {ensemble}: {bytes}.", created.path);
    history.prune_all(client, [&*created.path], interrupt.asked()).await;
    Ok(created)
}

fn report(args: &Args, created: &Created) -> Result<Exit, Exit> {
    if !args.json {
        return Ok(Exit::Done);
    }
    output::json(&json!({
        "path": created.path,
        "parents": created.parents,
        "czxid": created.stat.map(|stat| stat.czxid),
        "bytes": created.bytes,
    }))
    .inspect_err(output::change_is_made)
}
