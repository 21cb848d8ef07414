//! `live-data-watcher`: the sidecar daemon. It parses, wires and prints; `ld-sync` does the work.

mod args;
mod check;
mod notify;
mod once;
mod running;
mod signals;
mod status;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ld_cli::{Exit, LogOptions};
use ld_config::{Config, Scope, chain};
use tracing::{error, info, warn};

use crate::args::{Args, Command};
use crate::notify::Notifier;
use crate::running::Running;
use crate::signals::{Event, Signals};

/// How long writes that run and open sessions may take to end after a signal; what still runs then
/// is abandoned.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let args = Args::parse();
    ld_cli::run_main(LogOptions { debug: args.debug, session_news: true }, || run(&args))
}

fn run(args: &Args) -> Result<Exit, Exit> {
    match &args.command {
        Some(Command::Status(status)) => return status::run(status),
        Some(Command::Check(check)) => return check::run(check),
        Some(Command::PrintConfig { config }) => return check::print(config),
        None => {}
    }
    let config = ld_cli::read_config(args.config(), Scope::Watcher)?;
    let runtime = ld_cli::build_runtime()?;
    let exit = runtime.block_on(watch(args, config));
    runtime.shutdown_background();
    exit
}

async fn watch(args: &Args, mut config: Config) -> Result<Exit, Exit> {
    let mut signals = Signals::listen().map_err(failed)?;
    if args.once {
        once::prepare(&mut config.nodes, args.strict);
        config.status.listen = None;
    }
    let mut running = Running::start(config).map_err(failed)?;
    let exit = if args.once {
        once(args, &running, &mut signals).await
    } else {
        follow(args, &mut running, &mut signals).await
    };
    if tokio::time::timeout(SHUTDOWN_LIMIT, running.end(SHUTDOWN_LIMIT)).await.is_err() {
        warn!("not everything ended within {} second; the rest is abandoned", SHUTDOWN_LIMIT.as_secs());
    }
    Ok(exit)
}

async fn once(args: &Args, running: &Running, signals: &mut Signals) -> Exit {
    tokio::select! {
        exit = once::sync(running.engine(), args) => exit,
        name = signals.end() => { info!("{name}: ending"); Exit::Done }
        reason = running.engine().ended() => { error!("{reason}"); Exit::Failed }
    }
}

/// Follows all nodes until a signal ends the process.
async fn follow(args: &Args, running: &mut Running, signals: &mut Signals) -> Exit {
    let mut notifier = Notifier::start();
    loop {
        let event = tokio::select! {
            event = signals.next() => event,
            () = notifier.serve(running.engine()) => continue,
            reason = running.engine().ended() => { error!("{reason}"); return Exit::Failed }
        };
        match event {
            Event::End(name) => {
                info!("{name}: ending");
                notifier.stopping().await;
                return Exit::Done;
            }
            Event::Reload => {
                notifier.reloading().await;
                running.reload(args.config()).await;
                notifier.reloaded().await;
            }
        }
    }
}

fn failed(cause: impl std::error::Error) -> Exit {
    error!("{}", chain(&cause));
    Exit::Failed
}
