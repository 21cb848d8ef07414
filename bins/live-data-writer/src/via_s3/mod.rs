//! `--via-s3`: the content goes into S3, and a pointer to it into the node.
//!
//! Nothing is uploaded before the change was shown. All objects are there before the node is
//! written, and the node is written only if it still is what was compared.

mod change;
mod content;
mod progress;

use std::sync::Arc;

use ld_cli::Exit;
use ld_config::Config;
use ld_publish::{Checks, Error, Note, Plan, Present};
use ld_s3::{S3Prefix, S3Publisher, S3Version, Storage, Uploaded};
use ld_tool::{CLOSE_LIMIT, Interrupt, Publishing, Signing, before_any_write, failed, judge};
use tracing::{error, info};

use self::change::Change;
use self::content::Content;
use crate::args::Args;
use crate::missing::refused;
use crate::wait::wait;
use crate::{client, note, read, signing};

/// What is published, and where.
struct Publication {
    config: Config,
    content: Content,
    prefix: S3Prefix,
    storage: Storage,
    publisher: S3Publisher,
    signing: Option<Signing>,
    note: Note,
}

/// What is left to be done.
enum Todo {
    Nothing(Present),
    Upload(Present),
    /// The node points to the content already.
    Sign(Present),
}

pub(crate) async fn write(args: &Arc<Args>, interrupt: &Interrupt, checks: &Checks) -> Result<Exit, Exit> {
    let prefix: S3Prefix = args.via_s3.as_deref().unwrap_or_default().parse().map_err(|cause| {
        failed(cause);
        Exit::Usage
    })?;
    let (config, content) = before_any_write(interrupt, read(args, read_content)).await?;
    let signing = before_any_write(interrupt, signing(args, &config)).await?;
    let note = before_any_write(interrupt, note(args, &config)).await?;
    let publisher = S3Publisher::new(&config.s3);
    let storage = Storage::new().sse_c(args.sse_c).shards(args.shards.unwrap_or(1));
    let client = client(args, &config)?;
    let publication = Publication { config, content, prefix, storage, publisher, signing, note };
    let (signing, note) = (publication.signing.as_ref(), &publication.note);
    let publishing = Publishing { client: &client, config: &publication.config, signing, note, interrupt };
    let todo = before_any_write(interrupt, prepare(args, &publication, publishing, checks)).await;
    let pointer = match todo {
        Ok(Todo::Nothing(present)) => Ok(present.content().to_vec()),
        Ok(Todo::Upload(present)) => publish(present, &publication, publishing).await,
        Ok(Todo::Sign(present)) => sign(args, present, publishing).await,
        Err(exit) => Err(exit),
    };
    let held = pointer.map(|pointer| vec![pointer]);
    let exit = wait(args, &publication.config, &client, interrupt, held).await;
    client.close(CLOSE_LIMIT).await;
    exit
}

fn read_content(args: &Args, config: &Config) -> Result<Content, Exit> {
    Content::read(&args.source, config.s3.max_bytes as u64, args.allow_empty)
}

/// Everything before the upload.
async fn prepare(
    args: &Args,
    publication: &Publication,
    publishing: Publishing<'_>,
    checks: &Checks,
) -> Result<Todo, Exit> {
    info!("Writing to {} in ZooKeeper...", args.dest);
    let Publication { config, content, prefix, storage, publisher, signing, .. } = publication;
    let (judged, checks) = (content.clone(), checks.clone());
    judge(&config.nodes, move |node| ld_publish::judge_file(node, &judged.file, judged.bytes, &checks))
        .await?;
    let present = Present::read(publishing.client, &args.dest)
        .await
        .map_err(|cause| refused(cause, args, config, &args.source, &args.dest))?;
    let change = Change::of(present.content(), content, publisher).await;
    let is_stored = change.is_stored_as(prefix, *storage);
    match signing {
        None if is_stored => {
            info!("No changes detected. Not writing.");
            return Ok(Todo::Nothing(present));
        }
        Some(_) if is_stored && change.names_hash_of(content) => return Ok(Todo::Sign(present)),
        // A signature of a pointer without the hash would not cover the object.
        _ => {}
    }
    publishing.warn_of_rollouts([present.path()]).await;
    change.show(content).await?;
    if args.dry_run {
        info!("Dry run. Not writing.");
        return Ok(Todo::Nothing(present));
    }
    Ok(Todo::Upload(present))
}

/// The node holds the pointer already; its signature may be missing. Gives the pointer.
async fn sign(args: &Args, present: Present, publishing: Publishing<'_>) -> Result<Vec<u8>, Exit> {
    let pointer = present.content().to_vec();
    let plan = present.plan(pointer.clone(), publishing.config.zookeeper.max_node_bytes).map_err(failed)?;
    let signed = async { publishing.sign_unchanged(&plan).await.map_err(failed) };
    match before_any_write(publishing.interrupt, signed).await? {
        None => info!("No changes detected. Not writing."),
        Some(_) if args.dry_run => info!("No changes detected. Dry run. Not signing."),
        Some(signature) => publishing.publish_signature(&plan, &signature).await.map_err(failed)?,
    }
    Ok(pointer)
}

/// Uploads the content, and writes the node. Gives the pointer that it holds.
async fn publish(
    present: Present,
    publication: &Publication,
    publishing: Publishing<'_>,
) -> Result<Vec<u8>, Exit> {
    let uploaded = upload(publication, publishing.interrupt).await?;
    let pointer = uploaded.pointer.into_bytes();
    let written = match present.plan(pointer.clone(), publication.config.zookeeper.max_node_bytes) {
        Ok(plan) => write_pointer(plan, publishing).await,
        Err(cause) => Err(cause),
    };
    written.map(|()| pointer).map_err(|cause| {
        let may_be_named = matches!(cause, Error::Unknown { .. } | Error::Replaced { .. });
        let exit = failed(cause);
        report_left(&uploaded.written, publication.storage, may_be_named);
        exit
    })
}

async fn write_pointer(plan: Plan, publishing: Publishing<'_>) -> Result<(), Error> {
    // The upload may have taken long.
    plan.check_again().await?;
    if plan.is_change() {
        let signatures = publishing.sign(std::slice::from_ref(&plan)).await?;
        return publishing.publish(plan.into(), &signatures).await;
    }
    match publishing.sign_unchanged(&plan).await? {
        Some(signature) => publishing.publish_signature(&plan, &signature).await?,
        None => info!("The node holds the pointer already. Not writing."),
    }
    Ok(())
}

async fn upload(publication: &Publication, interrupt: &Interrupt) -> Result<Uploaded, Exit> {
    let Publication { content, prefix, storage, publisher, .. } = publication;
    let version = S3Version::new(prefix, *storage, content.sha256, content.bytes).map_err(|cause| {
        error!("nothing was written: {cause}");
        Exit::Failed
    })?;
    let sent = Arc::default();
    let upload = publisher.upload(&version, &content.file, &sent, interrupt.asked());
    match progress::follow(&sent, version.bytes_to_send(), upload).await {
        Ok(uploaded) => {
            uploaded.written.iter().for_each(|place| info!("Uploaded {place}."));
            uploaded.present.iter().for_each(|place| info!("{place} is there already."));
            Ok(uploaded)
        }
        Err(cause) => {
            error!("the node was not written: {cause}");
            report_left(cause.left(), *storage, false);
            Err(Exit::Failed)
        }
    }
}

/// Names the objects that a failed run leaves. A plain object has the name of its content, which
/// another node, or another writer of this one, may have published, too.
fn report_left(left: &[String], storage: Storage, may_be_named: bool) {
    if left.is_empty() {
        return;
    }
    let whether = match () {
        () if may_be_named => "the node may point to it",
        () if storage.sse_c => "no node points to it",
        () => "only a node with the same content may point to it",
    };
    error!("left in the bucket, and {whether}: {}", left.join(", "));
}
