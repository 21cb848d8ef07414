//! `live-data-writer`: a file into a ZooKeeper node. It parses, wires and prints; `ld-sync` does the work.

mod args;
mod source;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ld_cli::Exit;
use ld_config::{Config, Scope, chain};
use ld_sync::{Diff, DiffOptions};
use ld_zk::Client;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use crate::args::Args;

/// How long open sessions may take to end.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let args = Args::parse();
    ld_cli::init_logging(args.debug, false);
    run(&args).unwrap_or_else(|exit| exit).into()
}

fn run(args: &Args) -> Result<Exit, Exit> {
    if args.config == Path::new("-") && args.source == Path::new("-") {
        error!("CONFIG and SOURCE cannot both be standard input");
        return Err(Exit::Usage);
    }
    let config = ld_cli::read_config(&args.config, Scope::Writer)?;
    let content = source::read(&args.source, config.zookeeper.max_node_bytes)?;
    // A worker of its own keeps the session alive while this thread computes a diff.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let exit = runtime.block_on(write(args, &config, content));
    runtime.shutdown_background();
    exit
}

async fn write(args: &Args, config: &Config, content: Vec<u8>) -> Result<Exit, Exit> {
    let mut options = ld_zk::Options::default();
    options.session_wait = Duration::from_secs(args.timeout.into());
    let client = Client::new(&config.zookeeper, &config.secrets, options).map_err(failed)?;
    let result = publish(args, config, &client, content).await;
    client.close(CLOSE_LIMIT).await;
    result.map_err(failed)
}

async fn publish(
    args: &Args,
    config: &Config,
    client: &Client,
    content: Vec<u8>,
) -> Result<Exit, ld_sync::Error> {
    info!("Writing to {} in ZooKeeper...", args.dest);
    // However the path is spelled, it must not slip past the guards.
    let path = ld_sync::repaired_path(&args.dest);
    for node in config.nodes.iter().filter(|node| node.source == path) {
        ld_sync::judge(node, &content)?;
    }
    let plan = ld_sync::plan(client, &args.dest, content, config.zookeeper.max_node_bytes).await?;
    if !plan.is_change() {
        info!("No changes detected. Not writing.");
        return Ok(Exit::Done);
    }
    show(&plan.diff(&DiffOptions { colour: colour(), ..DiffOptions::default() }));
    if args.dry_run {
        info!("Dry run. Not writing.");
        return Ok(Exit::Done);
    }
    plan.commit(signalled()).await?;
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

/// Resolves when the user or the system asks the process to end.
async fn signalled() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn failed(cause: impl std::error::Error) -> Exit {
    error!("{}", chain(&cause));
    Exit::Failed
}
