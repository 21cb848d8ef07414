//! `live-data-ctl`: a look at nodes, and changes to them. It parses, wires and prints; `ld-publish`
//! does the work.

mod acls;
mod args;
mod content;
mod create;
mod delete;
mod diff;
mod get;
mod hosts;
mod init;
mod log;
mod ls;
mod output;
mod rollback;
mod rollout;
mod set_acl;
mod show;
mod sign;
mod stat;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use ld_cli::{Exit, LogOptions};
use ld_config::{Config, Scope};
use ld_fleet::ReadError;
use ld_publish::Checks;
use ld_tool::{CLOSE_LIMIT, Interrupt, UNLIMITED, before_any_write, check_credentials, failed, on_a_thread};
use ld_zk::Client;

use crate::args::{Args, Command};

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
            Command::Stat(place) => stat::run(args, place).await,
            Command::Ls(ls) => ls::run(args, ls).await,
            Command::Create(create) => create::run(args, create).await,
            Command::SetAcl(set_acl) => set_acl::run(args, set_acl).await,
            Command::Delete(delete) => delete::run(args, delete).await,
            Command::Hosts(hosts) => hosts::run(args, hosts).await,
            Command::Rollout(rollout) => rollout::run(args, rollout).await,
            Command::Init(init) => init::run(args, init).await,
            Command::Sign(sign) => sign::run(args, sign).await,
            Command::Verify(verify) => verify::run(args, verify).await,
            Command::Log(place) => log::run(args, place).await,
            Command::Show(show) => show::run(args, show).await,
            Command::Diff(diff) => diff::run(args, diff).await,
            Command::Rollback(rollback) => rollback::run(args, rollback).await,
        }
    });
    runtime.shutdown_background();
    exit
}

/// Asks something of the ensemble that `config` names, and ends the session.
async fn with_client<T>(
    args: &Args,
    config: &Path,
    work: impl AsyncFnOnce(&Config, &Client) -> Result<T, ld_publish::Error>,
) -> Result<T, Exit> {
    let config = ld_cli::read_config(config, Scope::Writer)?;
    let client = ld_tool::client(&config, args.timeout)?;
    let done = work(&config, &client).await;
    client.close(CLOSE_LIMIT).await;
    done.map_err(refused)
}

/// What a command that writes needs: the signals, and what its files say.
struct Writing<T> {
    interrupt: Interrupt,
    checks: Checks,
    config: Config,
    client: Client,
    input: T,
}

impl<T: Send + 'static> Writing<T> {
    /// Reads what the command is given, after all checks that need no server.
    async fn begin(
        args: &Args,
        read: impl FnOnce() -> Result<(Config, T), Exit> + Send + 'static,
    ) -> Result<Self, Exit> {
        let checks = Checks::default();
        let interrupt = Interrupt::listen(checks.clone()).map_err(failed)?;
        let (config, input) = before_any_write(&interrupt, async {
            let (config, input) = on_a_thread("reading the files", UNLIMITED, read).await??;
            check_credentials(&config).await?;
            Ok((config, input))
        })
        .await?;
        let client = ld_tool::client(&config, args.timeout)?;
        Ok(Self { interrupt, checks, config, client, input })
    }

    /// Gives what `work` gives, and ends the session.
    async fn end<R>(self, work: impl AsyncFnOnce(&Self) -> Result<R, Exit>) -> Result<R, Exit> {
        let done = work(&self).await;
        self.client.close(CLOSE_LIMIT).await;
        done
    }

    /// What `work` gives, unless a signal comes first. It writes nothing.
    async fn ask<R>(&self, work: impl Future<Output = Result<R, ld_publish::Error>>) -> Result<R, Exit> {
        before_any_write(&self.interrupt, async { work.await.map_err(refused) }).await
    }
}

/// Logs why a node was not read or written.
fn refused(cause: impl Into<ld_publish::Error>) -> Exit {
    use ld_publish::Error;

    let cause = cause.into();
    let is_unreachable = matches!(
        cause,
        Error::Client(ld_zk::Error::NotConnected { .. })
            | Error::Fleet(ReadError::Client(ld_zk::Error::NotConnected { .. }))
    );
    let exit = failed(cause);
    if is_unreachable { Exit::Unreachable } else { exit }
}
