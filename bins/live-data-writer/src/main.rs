//! `live-data-writer`: a file into a ZooKeeper node. It parses, wires and prints; `ld-sync` does
//! the work.

mod args;
mod credentials;
mod interrupt;
mod output;
mod source;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use ld_blocking::{BoundedCalls, Spawner};
use ld_cli::{Exit, LogOptions};
use ld_config::{Config, chain, counted};
use ld_publish::{Checks, DiffOptions, Plan};
use ld_zk::Client;
use tracing::{error, info};

use crate::args::Args;
use crate::interrupt::Interrupt;

/// How long open sessions may take to end.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// How long one node's guards may take; a check is killed after 10 s.
const JUDGE_LIMIT: Duration = Duration::from_secs(30);

/// For what only the user can end: a terminal, a pipe, a pager.
const UNLIMITED: Duration = Duration::MAX;

fn main() -> ExitCode {
    let args = Args::parse();
    let options = LogOptions { debug: args.debug, session_news: false, format: args.log_format };
    ld_cli::run_main(options, || Ok(()), |()| run(args))
}

fn run(args: Args) -> Result<Exit, Exit> {
    if args.config == Path::new("-") && args.source == Path::new("-") {
        error!("CONFIG and SOURCE cannot both be standard input");
        return Err(Exit::Usage);
    }
    let runtime = ld_cli::build_runtime()?;
    let exit = runtime.block_on(write(Arc::new(args)));
    runtime.shutdown_background();
    exit
}

async fn write(args: Arc<Args>) -> Result<Exit, Exit> {
    let checks = Checks::default();
    let interrupt = Interrupt::listen(checks.clone()).map_err(failed)?;
    let (config, content) = before_any_write(&interrupt, read(&args)).await?;
    let mut options = ld_zk::Options::default();
    options.session_wait = args.timeout;
    let client = Client::new(&config.zookeeper, &config.secrets, options).map_err(failed)?;
    let plan = before_any_write(&interrupt, prepare(&args, &config, &client, content, &checks)).await;
    let exit = match plan {
        Ok(Some(plan)) => commit(&plan, &config, &interrupt).await,
        Ok(None) => Ok(Exit::Done),
        Err(exit) => Err(exit),
    };
    client.close(CLOSE_LIMIT).await;
    exit
}

/// What `work` gives, unless a signal comes first: then it is left where it is, since it writes
/// nothing.
async fn before_any_write<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, Exit>>,
) -> Result<T, Exit> {
    tokio::select! {
        biased;
        () = interrupt.asked() => Err(failed(ld_publish::Error::Interrupted)),
        done = work => done,
    }
}

/// The configuration and the new content, after all checks that need no server.
async fn read(args: &Arc<Args>) -> Result<(Config, Vec<u8>), Exit> {
    let on_thread = Arc::clone(args);
    let read = move || {
        let args = on_thread;
        let config = ld_cli::read_config_to_write(&args.config, &args.dest)?;
        let content = source::read(&args.source, config.zookeeper.max_node_bytes, args.allow_empty)?;
        Ok((config, content))
    };
    let (config, content) = on_a_thread("reading the files", UNLIMITED, read).await??;
    credentials::check(&config).await?;
    Ok((config, content))
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
    for node in &config.nodes {
        let (node, content, checks) = (node.clone(), Arc::clone(&content), checks.clone());
        let judge = move || ld_publish::judge(&node, &content, &checks);
        on_a_thread("checking the content", JUDGE_LIMIT, judge).await?.map_err(failed)?;
    }
    let content = Arc::unwrap_or_clone(content);
    let plan = ld_publish::plan(client, &args.dest, content, config.zookeeper.max_node_bytes).await;
    let plan = Arc::new(plan.map_err(failed)?);
    if !plan.is_change() {
        info!("No changes detected. Not writing.");
        return Ok(None);
    }
    let shown = Arc::clone(&plan);
    let show = move || {
        output::show(&shown.diff(&DiffOptions::default().colour(output::colour())));
    };
    // The reader of the diff may take its time: a pager does.
    on_a_thread("showing the change", UNLIMITED, show).await?;
    if args.dry_run {
        info!("Dry run. Not writing.");
        return Ok(None);
    }
    Ok(Some(plan))
}

async fn commit(plan: &Plan, config: &Config, interrupt: &Interrupt) -> Result<Exit, Exit> {
    let published = plan.commit(interrupt.asked()).await.map_err(failed)?;
    info!("Wrote data to Zookeeper.");
    let (path, ensemble) = (plan.path(), ld_cli::ensemble(&config.zookeeper));
    let (version, mzxid, bytes) = (published.version, published.mzxid, published.bytes);
    info!(
        source = path,
        version,
        mzxid,
        bytes,
        "{path} in {ensemble} is now version {version}, mzxid {mzxid:#x}, {}",
        counted(bytes as u64, "byte")
    );
    Ok(Exit::Done)
}

/// Runs what may block beside the thread that hears the signals and keeps the session alive.
async fn on_a_thread<T: Send + 'static>(
    what: &'static str,
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Exit> {
    BoundedCalls::new(what, Spawner::Threads, 1).run(limit, call).await.map_err(failed)
}

fn failed(cause: impl std::error::Error) -> Exit {
    error!("{}", chain(&cause));
    Exit::Failed
}
