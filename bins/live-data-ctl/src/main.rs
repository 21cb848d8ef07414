//! `live-data-ctl`: a look at nodes, and changes to them. It parses, wires and prints; `ld-publish`
//! does the work.

mod args;
mod get;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ld_cli::{Exit, LogOptions};
use ld_config::{Config, Scope, chain};
use ld_zk::Client;
use tracing::error;

use crate::args::{Args, Command};

/// How long open sessions may take to end.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let args = Args::parse();
    let options = LogOptions { debug: args.debug, session_news: false, format: args.log_format };
    ld_cli::run_main(options, || Ok(()), |()| run(&args))
}

fn run(args: &Args) -> Result<Exit, Exit> {
    let runtime = ld_cli::build_runtime()?;
    let exit = runtime.block_on(async {
        match &args.command {
            Command::Get(place) => get::run(args, place).await,
        }
    });
    runtime.shutdown_background();
    exit
}

/// Does something with the ensemble that `config` names, and ends the session.
async fn with_client<T>(
    args: &Args,
    config: &Path,
    work: impl AsyncFnOnce(&Config, &Client) -> Result<T, Exit>,
) -> Result<T, Exit> {
    let config = ld_cli::read_config(config, Scope::Writer)?;
    let mut options = ld_zk::Options::default();
    options.session_wait = args.timeout;
    let client = Client::new(&config.zookeeper, &config.secrets, options).map_err(failed)?;
    let done = work(&config, &client).await;
    client.close(CLOSE_LIMIT).await;
    done
}

fn failed(cause: impl std::error::Error) -> Exit {
    error!("{}", chain(&cause));
    Exit::Failed
}
