//! `rollout`: a candidate for a growing share of the hosts.

mod conduct;
mod start;
mod status;

use ld_cli::Exit;
use ld_config::Scope;
use ld_fleet::RolloutState;
use ld_publish::{Rollout, RolloutError};
use tracing::info;

use crate::args::rollout::{self as args, Conduct};
use crate::args::{Args, Place};
use crate::{Writing, refused};

pub(crate) async fn run(args: &Args, rollout: &args::Rollout) -> Result<Exit, Exit> {
    use args::Rollout as Command;
    match rollout {
        Command::Start(start) => start::run(args, start).await,
        Command::Status(place) => status::run(args, place).await,
        Command::Pause(place) => change(args, place, pause).await,
        Command::Resume(resume) => {
            let how = &resume.conduct;
            change(args, &resume.place, async |writing, path| go_on(args, writing, path, how).await).await
        }
        Command::Abort(place) => change(args, place, abort).await,
        Command::Promote(place) => change(args, place, promote).await,
    }
}

/// Changes the rollout of a node.
async fn change(
    args: &Args,
    place: &Place,
    work: impl AsyncFnOnce(&Writing<()>, &str) -> Result<Exit, Exit>,
) -> Result<Exit, Exit> {
    let path = crate::content::path(&place.path)?;
    let config = place.config.clone();
    let read = move || Ok((ld_cli::read_config(&config, Scope::Writer)?, ()));
    Writing::begin(args, read).await?.end(async |writing| work(writing, &path).await).await
}

/// The rollout that there is.
async fn found<T: Send + 'static>(writing: &Writing<T>, path: &str) -> Result<Rollout, Exit> {
    let read = async {
        let read = Rollout::read(&writing.client, &writing.config.publish, path).await?;
        read.ok_or_else(|| RolloutError::Missing { path: path.to_owned() }.into())
    };
    writing.ask(read).await
}

async fn pause(writing: &Writing<()>, path: &str) -> Result<Exit, Exit> {
    let rollout = found(writing, path).await?.set_state(RolloutState::Paused).await.map_err(refused)?;
    info!("The rollout of {path} is paused: {} of the hosts have the candidate.", rollout.plan().share);
    Ok(Exit::Done)
}

async fn go_on(args: &Args, writing: &Writing<()>, path: &str, how: &Conduct) -> Result<Exit, Exit> {
    let rollout = found(writing, path).await?;
    conduct::check_is_given(rollout.plan(), how)?;
    if rollout.plan().state != RolloutState::Running {
        rollout.set_state(RolloutState::Running).await.map_err(refused)?;
        info!("The rollout of {path} goes on.");
    }
    conduct::run(args, writing, path, how).await
}

async fn abort(writing: &Writing<()>, path: &str) -> Result<Exit, Exit> {
    let Writing { config, client, .. } = writing;
    Rollout::abort(client, &config.publish, path).await.map_err(refused)?;
    info!("The candidate for {path} was taken back from all hosts.");
    Ok(Exit::Done)
}

async fn promote(writing: &Writing<()>, path: &str) -> Result<Exit, Exit> {
    let Writing { config, interrupt, .. } = writing;
    let rollout = found(writing, path).await?;
    let published = rollout.promote(config, interrupt.asked()).await.map_err(refused)?;
    conduct::report_promoted(path, &published, config);
    Ok(Exit::Done)
}
