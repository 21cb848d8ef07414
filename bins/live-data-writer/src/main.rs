//! `live-data-writer`: a file into a ZooKeeper node. It parses, wires and prints; `ld-publish` and
//! `ld-s3` do the work.

mod args;
mod credentials;
mod interrupt;
mod output;
mod plain;
mod pointers;
mod source;
#[cfg(feature = "s3")]
mod via_s3;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use ld_blocking::{BoundedCalls, Spawner};
use ld_cli::{Exit, LogOptions};
use ld_config::{Config, NodeConfig, chain, counted};
use ld_publish::{Checks, Diff, Plan};
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
    if args.via_s3.is_some() {
        #[cfg(feature = "s3")]
        return via_s3::write(&args, &interrupt, &checks).await;
        #[cfg(not(feature = "s3"))]
        {
            error!("this program was built without the feature 's3': --via-s3 cannot be used");
            return Err(Exit::Usage);
        }
    }
    plain::write(&args, &interrupt, &checks).await
}

/// The configuration, and what `read_content` reads by it, after all checks that need no server.
async fn read<T: Send + 'static>(
    args: &Arc<Args>,
    read_content: impl FnOnce(&Args, &Config) -> Result<T, Exit> + Send + 'static,
) -> Result<(Config, T), Exit> {
    let args = Arc::clone(args);
    let read = move || {
        let config = ld_cli::read_config_to_write(&args.config, &args.dest)?;
        let content = read_content(&args, &config)?;
        Ok((config, content))
    };
    let (config, content) = on_a_thread("reading the files", UNLIMITED, read).await??;
    credentials::check(&config).await?;
    Ok((config, content))
}

fn client(args: &Args, config: &Config) -> Result<Client, Exit> {
    let mut options = ld_zk::Options::default();
    options.session_wait = args.timeout;
    Client::new(&config.zookeeper, &config.secrets, options).map_err(failed)
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

/// Has the guards of all nodes judge the content.
async fn judge(
    config: &Config,
    judge: impl Fn(&NodeConfig) -> Result<(), ld_publish::Error> + Clone + Send + 'static,
) -> Result<(), Exit> {
    for node in &config.nodes {
        let (node, judge) = (node.clone(), judge.clone());
        on_a_thread("checking the content", JUDGE_LIMIT, move || judge(&node)).await?.map_err(failed)?;
    }
    Ok(())
}

/// Shows a change.
async fn show(diff: impl FnOnce() -> Diff + Send + 'static) -> Result<(), Exit> {
    // The reader of the diff may take its time: a pager does.
    on_a_thread("showing the change", UNLIMITED, || output::show(&diff())).await
}

/// Writes the node.
async fn commit(plan: &Plan, config: &Config, interrupt: &Interrupt) -> Result<(), ld_publish::Error> {
    let published = plan.commit(interrupt.asked()).await?;
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
    Ok(())
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
