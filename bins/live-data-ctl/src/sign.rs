//! `sign`: a signature for the content of a node.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ld_cli::Exit;
use ld_publish::ld_sign::{SecretKey, Statement, hash, place};
use ld_publish::{Present, Signature};
use ld_tool::{KeyFiles, Signing, UNLIMITED, failed, on_a_thread, publish_signature, read_key};
use serde_json::json;
use tracing::{error, info};

use crate::args::{Args, SignArgs};
use crate::{Writing, content, output, refused};

pub(crate) async fn run(args: &Args, sign: &SignArgs) -> Result<Exit, Exit> {
    match &sign.publish {
        Some(config) => publish(args, sign, config).await,
        None => offline(args, sign).await,
    }
}

fn key_files(sign: &SignArgs) -> KeyFiles {
    KeyFiles { key: sign.key.clone(), password: sign.password_file.clone() }
}

/// Signs a file, and asks no server.
async fn offline(args: &Args, sign: &SignArgs) -> Result<Exit, Exit> {
    let path = content::path(&sign.path)?;
    let (files, file) = (key_files(sign), sign.file.clone());
    let read = move || Ok::<_, Exit>((read_key(&files)?, content::read_to_sign(&file)?));
    let (key, content) = on_a_thread("reading the files", UNLIMITED, read).await??;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let statement = Statement::new(path, sign.counter.unwrap_or(now));
    let signature = signature(&key, &content, &statement)?;
    let hash = hash(&content);
    let place = place(&Default::default(), &statement.path, &hash);
    info!("It belongs into {place}, if publish.root is /live-data.");
    if let Some(output) = &sign.output {
        fs::write(output, &signature).map_err(|cause| {
            error!("cannot write {}: {cause}", output.display());
            Exit::Usage
        })?;
    }
    match (args.json, &sign.output) {
        (true, _) => output::json(&json!({
            "path": statement.path,
            "counter": statement.counter,
            "sha256": hash,
            "signature": signature,
        })),
        (false, Some(_)) => Ok(Exit::Done),
        (false, None) => output::bytes(signature.as_bytes()),
    }
}

fn signature(key: &SecretKey, content: &[u8], statement: &Statement) -> Result<String, Exit> {
    key.sign(content, statement).map_err(failed)
}

/// Signs what a node holds, if that is what the file holds.
async fn publish(args: &Args, sign: &SignArgs, config: &Path) -> Result<Exit, Exit> {
    let path = content::path(&sign.path)?;
    if config == Path::new("-") && sign.file == Path::new("-") {
        error!("CONFIG and FILE cannot both be standard input");
        return Err(Exit::Usage);
    }
    let (config, file) = (config.to_owned(), sign.file.clone());
    let read = move || Ok((ld_cli::read_config_to_write(&config, &path)?, content::read_to_sign(&file)?));
    let writing = Writing::begin(args, read).await?;
    let signature = writing.end(async |writing| put(writing, sign).await).await?;
    if !args.json {
        return Ok(Exit::Done);
    }
    output::json(&json!({ "place": signature.place(), "counter": signature.counter() }))
        .inspect_err(output::change_is_made)
}

async fn put(writing: &Writing<Vec<u8>>, sign: &SignArgs) -> Result<Signature, Exit> {
    let Writing { config, client, interrupt, input, .. } = writing;
    let signing = ld_tool::before_any_write(interrupt, Signing::prepare(Some(key_files(sign)), config));
    let Some(signing) = signing.await? else { return Err(Exit::Failed) };
    let present = writing.ask(Present::read(client, &sign.path)).await?;
    // What the ensemble shows is no reason to sign it.
    if present.content() != input {
        error!(
            "nothing was signed: {} holds something else than {}: publish that with live-data-writer --sign",
            present.path(),
            sign.file.display()
        );
        return Err(Exit::Failed);
    }
    let plan = present.plan(input.clone(), config.zookeeper.max_node_bytes).map_err(refused)?;
    let signature = signing.sign(client, plan.path(), input, interrupt.asked()).await;
    let signature = signature.map_err(refused)?;
    publish_signature(client, &plan, &signature, interrupt).await.map_err(refused)?;
    Ok(signature)
}
