//! `live-data-watcher`: the sidecar daemon. It parses, wires and prints; `ld-sync` does the work.

mod args;
mod once;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use ld_cli::Exit;
use ld_config::{Config, Scope, chain};
use ld_sync::Engine;
use ld_zk::Client;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use crate::args::Args;

/// How long writes in hand and open sessions may take to end after a signal; what still runs then is abandoned.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

/// Threads for file writes, audits, name look-ups and secrets together.
const BLOCKING_THREADS: usize = 8;

fn main() -> ExitCode {
    let args = Args::parse();
    ld_cli::init_logging(args.debug, true);
    run(&args).unwrap_or_else(|exit| exit).into()
}

fn run(args: &Args) -> Result<Exit, Exit> {
    let config = ld_cli::read_config(&args.config, Scope::Watcher)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .on_thread_park(ld_cli::flush_lines)
        .build()
        .map_err(|cause| {
            error!("cannot start: {cause}");
            Exit::Failed
        })?;
    ld_cli::gather_lines();
    let exit = runtime.block_on(watch(args, config));
    runtime.shutdown_background();
    ld_cli::flush_lines();
    exit
}

async fn watch(args: &Args, mut config: Config) -> Result<Exit, Exit> {
    if args.once {
        once::wait_for_nothing(&mut config.nodes);
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut options = ld_zk::Options::default();
    options.read_only = true;
    let client = Client::new(&config.zookeeper, &config.secrets, options).map_err(failed)?;
    let engine = Engine::start(Arc::new(client.clone()), config.nodes, config.watcher);

    let exit = tokio::select! {
        exit = once::sync(&engine, Duration::from_secs(args.timeout.into())), if args.once => exit,
        _ = terminate.recv() => { info!("SIGTERM: ending"); Exit::Done }
        _ = interrupt.recv() => { info!("SIGINT: ending"); Exit::Done }
    };
    let end = async {
        engine.drain(SHUTDOWN_LIMIT).await;
        client.close(SHUTDOWN_LIMIT).await;
    };
    if tokio::time::timeout(SHUTDOWN_LIMIT, end).await.is_err() {
        warn!("not everything ended within {} second; the rest is abandoned", SHUTDOWN_LIMIT.as_secs());
    }
    Ok(exit)
}

fn failed(cause: impl std::error::Error) -> Exit {
    error!("{}", chain(&cause));
    Exit::Failed
}
