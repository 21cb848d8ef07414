//! `live-data-writer`: a file into a ZooKeeper node. It parses, wires and prints; `ld-publish` and
//! `ld-s3` do the work.

mod args;
mod missing;
mod plain;
#[cfg(feature = "s3")]
mod via_s3;
mod wait;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use ld_cli::{Exit, LogOptions};
use ld_config::{Config, Scope, znode_path};
use ld_publish::{Checks, Note};
use ld_tool::{Interrupt, KeyFiles, Signing, UNLIMITED, check_credentials, failed, on_a_thread};
use ld_zk::Client;
use tracing::error;

use crate::args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    let options = LogOptions { debug: args.debug, session_news: false, format: args.log_format };
    ld_cli::run_main(options, || Ok(()), |()| run(args))
}

fn run(args: Args) -> Result<Exit, Exit> {
    refuse_double_use(&args)?;
    let runtime = ld_cli::build_runtime()?;
    let exit = runtime.block_on(write(Arc::new(args)));
    runtime.shutdown_background();
    exit
}

impl Args {
    /// All sources and the nodes that they are written to.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&PathBuf, &String)> {
        let also = self.also.iter().map(|(source, dest)| (source, dest));
        [(&self.source, &self.dest)].into_iter().chain(also)
    }
}

/// Standard input can be read once, and a node written once.
fn refuse_double_use(args: &Args) -> Result<(), Exit> {
    let files = args.targets().map(|(source, _)| source).chain([&args.config]);
    if files.filter(|file| *file == Path::new("-")).count() > 1 {
        let what = if args.also.is_empty() { "CONFIG and SOURCE cannot both" } else { "Only one file can" };
        error!("{what} be standard input");
        return Err(Exit::Usage);
    }
    let mut dests: Vec<String> =
        args.targets().map(|(_, dest)| znode_path(dest).unwrap_or_else(|_| dest.clone())).collect();
    dests.sort_unstable();
    if let Some(twice) = dests.windows(2).find(|pair| pair[0] == pair[1]) {
        error!("{} is named twice", twice[0]);
        return Err(Exit::Usage);
    }
    Ok(())
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
        let parsed = ld_cli::read_parsed_config(&args.config, Scope::Writer)?;
        let dests: Vec<&String> = args.targets().map(|(_, dest)| dest).collect();
        let config = ld_cli::config_to_write(parsed, &dests)?;
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

/// What the history says about it.
async fn note(args: &Args, config: &Config) -> Result<Note, Exit> {
    ld_tool::note_if_kept(config, args.author.as_deref(), args.message.as_deref()).await
}
