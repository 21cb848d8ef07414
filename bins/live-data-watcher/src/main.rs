//! `live-data-watcher`: the sidecar daemon. It parses, wires and prints; `ld-sync` does the work.

mod args;
mod check;
mod connect;
mod interrupt;
mod notify;
mod once;
mod pointers;
mod progress;
mod reporting;
mod running;
mod serving;
mod signals;
mod starting;
mod status;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ld_cli::{Exit, LogOptions};
use ld_config::{Config, Scope, chain};
use ld_sandbox::Rules;
use tracing::{error, info, warn};

use crate::args::{Args, Command};
use crate::notify::Notifier;
use crate::running::Running;
use crate::signals::{EarlyReload, Event, Signals};

/// How long writes that run and open sessions may take to end after a signal; what still runs then
/// is abandoned.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

/// What is there before the first thread.
struct Prepared {
    early_reload: EarlyReload,
    config: Config,
    /// What this process may still do, if it is sandboxed.
    sandbox: Option<Rules>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let options =
        LogOptions { debug: args.debug, session_news: args.command.is_none(), format: args.log_format };
    ld_cli::run_main(options, || prepare(&args), |prepared| run(&args, prepared))
}

/// Reads the configuration and enters the sandbox, which binds all threads that are started later.
/// Does nothing for a subcommand.
fn prepare(args: &Args) -> Result<Option<Prepared>, Exit> {
    if args.command.is_some() {
        return Ok(None);
    }
    let early_reload = EarlyReload::keep().map_err(failed)?;
    let config = ld_cli::read_config(args.config(), Scope::Watcher)?;
    let mut sandbox = None;
    if config.watcher.sandbox {
        let rules = pointers::rules(args.config(), &config);
        let gaps = rules.enforce(ld_sync::open_destination_directory).map_err(failed)?;
        gaps.iter().for_each(|gap| warn!("{gap}"));
        sandbox = Some(rules);
    }
    Ok(Some(Prepared { early_reload, config, sandbox }))
}

fn run(args: &Args, prepared: Option<Prepared>) -> Result<Exit, Exit> {
    let prepared = match (&args.command, prepared) {
        (Some(Command::Status(status)), _) => return status::run(status),
        (Some(Command::Check(check)), _) => return check::run(check),
        (Some(Command::PrintConfig { config }), _) => return check::print(config),
        (None, prepared) => prepared.ok_or(Exit::Failed)?,
    };
    let runtime = ld_cli::build_runtime()?;
    let exit = runtime.block_on(watch(args, prepared));
    runtime.shutdown_background();
    exit
}

async fn watch(args: &Args, prepared: Prepared) -> Result<Exit, Exit> {
    let Prepared { early_reload, mut config, sandbox } = prepared;
    let mut signals = Signals::listen(&early_reload).map_err(failed)?;
    if args.once {
        once::prepare(&mut config.nodes, args.strict);
        config.status.listen = None;
        config.fleet.report = false;
    }
    let mut running = Running::start(config, sandbox).map_err(failed)?;
    progress::show(running.shared_engine());
    let exit = if args.once {
        once(args, &running, &mut signals).await
    } else {
        follow(args, &mut running, &mut signals).await
    };
    ld_cli::end_progress();
    if !running.end(SHUTDOWN_LIMIT).await {
        warn!("not everything ended in time; the rest is abandoned");
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
        let end = match event {
            Event::End(name) => Some(name),
            Event::Reload => reload(args, running, signals, &mut notifier).await,
        };
        if let Some(name) = end {
            info!("{name}: ending");
            notifier.stopping().await;
            return Exit::Done;
        }
    }
}

/// Reloads, unless a signal that ends the process comes first: then it gives that signal's name.
/// The file system of CONFIG may hang for long.
async fn reload(
    args: &Args,
    running: &mut Running,
    signals: &mut Signals,
    notifier: &mut Notifier,
) -> Option<&'static str> {
    notifier.reloading().await;
    let engine = running.shared_engine();
    let mut reload = pin!(running.reload(args.config()));
    loop {
        tokio::select! {
            name = signals.end_while_reloading() => return Some(name),
            () = &mut reload => break,
            // The watchdog must hear of an engine that turns.
            () = notifier.serve(&engine) => {}
        }
    }
    notifier.reloaded().await;
    None
}

fn failed(cause: impl std::error::Error) -> Exit {
    error!("{}", chain(&cause));
    Exit::Failed
}
