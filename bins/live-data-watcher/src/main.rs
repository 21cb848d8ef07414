//! `live-data-watcher`: the sidecar daemon. It parses, wires and prints; `ld-sync` does the work.

mod args;
mod once;
mod signals;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use ld_cli::{Exit, LogOptions};
use ld_config::{Config, Scope, chain};
use ld_sync::Engine;
use ld_zk::Client;
use tracing::{error, info, warn};

use crate::args::Args;
use crate::signals::Signals;

/// How long writes that run and open sessions may take to end after a signal; what still runs then
/// is abandoned.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let args = Args::parse();
    ld_cli::run_main(LogOptions { debug: args.debug, session_news: true }, || run(&args))
}

fn run(args: &Args) -> Result<Exit, Exit> {
    let config = ld_cli::read_config(&args.config, Scope::Watcher)?;
    let runtime = ld_cli::build_runtime()?;
    let exit = runtime.block_on(watch(args, config));
    runtime.shutdown_background();
    exit
}

async fn watch(args: &Args, mut config: Config) -> Result<Exit, Exit> {
    let mut signals = Signals::listen().map_err(failed)?;
    if args.once {
        once::apply_without_delay(&mut config.nodes);
    }
    let mut options = ld_zk::Options::default();
    options.read_only = true;
    let client = Client::new(&config.zookeeper, &config.secrets, options).map_err(failed)?;
    let engine = Engine::start(Arc::new(client.clone()), config.nodes, config.watcher).map_err(failed)?;

    let ensemble = ld_cli::ensemble(&config.zookeeper);
    let exit = tokio::select! {
        exit = once::sync(&engine, args, &ensemble), if args.once => exit,
        name = signals.end() => { info!("{name}: ending"); Exit::Done }
        reason = engine.ended() => { error!("{reason}"); Exit::Failed }
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
