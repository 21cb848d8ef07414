//! `live-data-writer`: a file into a ZooKeeper node. It parses, wires and prints; `ld-sync` does the work.

mod args;
mod interrupt;
mod source;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use ld_cli::Exit;
use ld_config::{Config, Scope, chain};
use ld_sync::{Checks, Diff, DiffOptions, Plan};
use ld_zk::Client;
use tokio::task::{self, JoinHandle};
use tracing::{error, info};

use crate::args::Args;
use crate::interrupt::Interrupt;

/// How long open sessions may take to end.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let args = Args::parse();
    ld_cli::init_logging(args.debug, false);
    run(args).unwrap_or_else(|exit| exit).into()
}

fn run(args: Args) -> Result<Exit, Exit> {
    if args.config == Path::new("-") && args.source == Path::new("-") {
        error!("CONFIG and SOURCE cannot both be standard input");
        return Err(Exit::Usage);
    }
    // A worker beside this thread, which hears the signals and keeps the session alive whatever blocks.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let exit = runtime.block_on(write(Arc::new(args)));
    runtime.shutdown_background();
    exit
}

async fn write(args: Arc<Args>) -> Result<Exit, Exit> {
    let checks = Checks::default();
    let interrupt = Interrupt::listen(checks.clone()).map_err(failed)?;
    let input = task::spawn_blocking({
        let args = Arc::clone(&args);
        move || read(&args)
    });
    let (config, content) = before_any_write(&interrupt, input).await??;
    let mut options = ld_zk::Options::default();
    options.session_wait = Duration::from_secs(args.timeout.into());
    let client = Client::new(&config.zookeeper, &config.secrets, options).map_err(failed)?;
    let plan = tokio::spawn(prepare(args, config, client.clone(), content, checks));
    let result = match before_any_write(&interrupt, plan).await {
        Ok(Ok(Some(plan))) => commit(&plan, &interrupt).await,
        Ok(result) => result.map(|_| Exit::Done),
        Err(exit) => Ok(exit),
    };
    client.close(CLOSE_LIMIT).await;
    result.map_err(failed)
}

/// What `work` gives, unless a signal comes first: then it is left where it is, since it writes nothing.
async fn before_any_write<T>(interrupt: &Interrupt, mut work: JoinHandle<T>) -> Result<T, Exit> {
    tokio::select! {
        biased;
        () = interrupt.asked() => {
            work.abort();
            Err(failed(ld_sync::Error::Interrupted))
        }
        done = &mut work => done.map_err(failed),
    }
}

fn read(args: &Args) -> Result<(Config, Vec<u8>), Exit> {
    let config = ld_cli::read_config(&args.config, Scope::Writer)?;
    let content = source::read(&args.source, config.zookeeper.max_node_bytes)?;
    Ok((config, content))
}

/// Everything before the write; nothing if there is nothing to write.
async fn prepare(
    args: Arc<Args>,
    config: Config,
    client: Client,
    content: Vec<u8>,
    checks: Checks,
) -> Result<Option<Plan>, ld_sync::Error> {
    info!("Writing to {} in ZooKeeper...", args.dest);
    // However the path is spelled, it must not slip past the guards.
    let path = ld_config::znode_path(&args.dest)?;
    for node in config.nodes.iter().filter(|node| node.source == path) {
        task::block_in_place(|| ld_sync::judge(node, &content, &checks))?;
    }
    let plan = ld_sync::plan(&client, &args.dest, content, config.zookeeper.max_node_bytes).await?;
    if !plan.is_change() {
        info!("No changes detected. Not writing.");
        return Ok(None);
    }
    // The reader of the diff may take its time: a pager does.
    task::block_in_place(|| show(&plan.diff(&DiffOptions { colour: colour(), ..DiffOptions::default() })));
    if args.dry_run {
        info!("Dry run. Not writing.");
        return Ok(None);
    }
    Ok(Some(plan))
}

async fn commit(plan: &Plan, interrupt: &Interrupt) -> Result<Exit, ld_sync::Error> {
    plan.commit(interrupt.asked()).await?;
    info!("Wrote data to Zookeeper.");
    Ok(Exit::Done)
}

fn show(diff: &Diff) {
    match diff {
        Diff::Unified(text) | Diff::Summary(text) => {
            // A closed pipe must not keep the write from happening.
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
        _ => info!("Skipping diff, data appears to be binary."),
    }
}

/// Colour goes to a terminal whose user did not ask for none (<https://no-color.org>).
fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn failed(cause: impl std::error::Error) -> Exit {
    error!("{}", chain(&cause));
    Exit::Failed
}
