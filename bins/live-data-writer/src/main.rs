//! `live-data-writer`: a file into a ZooKeeper node. It parses, wires and prints; `ld-publish` and
//! `ld-s3` do the work.

mod args;
mod missing;
mod plain;
#[cfg(feature = "s3")]
mod via_s3;
mod wait;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use ld_cli::{Exit, LogOptions};
use ld_config::Config;
use ld_publish::{Checks, Plan, Publication, Signature};
use ld_tool::{Interrupt, KeyFiles, Signing, UNLIMITED, check_credentials, failed, on_a_thread};
use ld_zk::Client;
use tracing::{error, info};

use crate::args::Args;

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
    check_credentials(&config).await?;
    Ok((config, content))
}

fn client(args: &Args, config: &Config) -> Result<Client, Exit> {
    ld_tool::client(config, args.timeout)
}

/// What signs, if that is wanted; an error if it must be, and is not.
async fn signing(args: &Args, config: &Config) -> Result<Option<Signing>, Exit> {
    let password = args.sign_password_file.clone();
    let files = args.sign.clone().map(|key| KeyFiles { key, password });
    Signing::prepare(files, config).await
}

/// The signature of what is planned, if that is wanted.
async fn sign(
    plan: &Plan,
    client: &Client,
    signing: Option<&Signing>,
    interrupt: &Interrupt,
) -> Result<Option<Signature>, ld_publish::Error> {
    let Some(signing) = signing else { return Ok(None) };
    let (path, new, old) = (plan.path(), plan.new_content(), plan.old_content());
    signing.sign(client, path, new, old, interrupt.asked()).await.map(Some)
}

/// Writes the node, and its signature with it.
async fn commit(
    plan: Plan,
    signature: Option<Signature>,
    client: &Client,
    config: &Config,
    interrupt: &Interrupt,
) -> Result<(), ld_publish::Error> {
    let path = plan.path().to_owned();
    let publication = signature.iter().fold(Publication::new(plan), Publication::signed);
    let published = publication.commit(interrupt.asked()).await?;
    info!("Wrote data to Zookeeper.");
    for published in &published {
        ld_tool::report_published(&path, published, &config.zookeeper);
    }
    if let Some(signature) = signature {
        info!("Signed it with the counter {}.", signature.counter());
        signature.tidy(client).await;
    }
    Ok(())
}
