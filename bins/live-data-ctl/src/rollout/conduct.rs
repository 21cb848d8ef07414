//! The rounds of a rollout, and what is printed of them.

use std::path::Path;

use ld_cli::Exit;
use ld_config::{Config, escape_hidden};
use ld_fleet::RolloutPlan;
use ld_publish::{CheckError, Conducted, Next, Published, Rollout, RolloutCheck, Round, conduct};
use ld_tool::{UNLIMITED, on_a_thread};
use serde_json::json;
use tracing::{error, info, warn};

use crate::args::Args;
use crate::args::rollout::Conduct;
use crate::{Writing, output, refused};

/// A rollout with a check needs it to go on.
pub(super) fn check_is_given(plan: &RolloutPlan, how: &Conduct) -> Result<(), Exit> {
    if plan.check && how.check.is_none() && !how.detach {
        error!("the rollout was started with a check: give --check PROGRAM");
        return Err(Exit::Usage);
    }
    Ok(())
}

/// Conducts a rollout to its end.
pub(super) async fn run<T: Send + 'static>(
    args: &Args,
    writing: &Writing<T>,
    path: &str,
    how: &Conduct,
) -> Result<Exit, Exit> {
    let Writing { config, client, interrupt, checks, .. } = writing;
    if how.detach {
        info!("It stays so: `live-data-ctl rollout resume` conducts it.");
        return Ok(Exit::Done);
    }
    let check = how.check.as_deref().map(|program| RolloutCheck::new(&absolute(program), checks.clone()));
    let ask = async |rollout: &Rollout| match &check {
        Some(check) => {
            let (check, plan) = (check.clone(), rollout.plan().clone());
            let asked = on_a_thread("the check of the rollout", UNLIMITED, move || check.ask(&plan)).await;
            asked.unwrap_or_else(|_| Err(CheckError::No("the check cannot run".to_owned())))
        }
        None => Ok(()),
    };
    let mut last = None;
    let show = |rollout: &Rollout, round: &Round| {
        let line = line(rollout.plan(), round);
        if last.as_ref() != Some(&line) {
            info!("{line}");
            last = Some(line);
        }
    };
    let conducted = conduct(client, config, path, ask, show, interrupt.asked()).await;
    match conducted.map_err(refused)? {
        Conducted::Promoted(published) => {
            report_promoted(path, &published, config);
            end(args, "promoted", None, Exit::Done)
        }
        Conducted::TakenBack(why) => {
            let why = escape_hidden(&why);
            error!("The candidate for {path} was taken back from all hosts: {why}");
            end(args, "taken-back", Some(&why), Exit::Missed)
        }
        Conducted::Interrupted => {
            warn!(
                "interrupted: the rollout of {path} stays as it is. `live-data-ctl rollout resume` goes on, and \
                 `live-data-ctl rollout abort` takes the candidate back."
            );
            end(args, "interrupted", None, Exit::Failed)
        }
        _ => {
            warn!("The rollout of {path} was ended by another tool.");
            end(args, "ended", None, Exit::Failed)
        }
    }
}

fn end(args: &Args, result: &str, reason: Option<&str>, exit: Exit) -> Result<Exit, Exit> {
    if args.json {
        output::json(&json!({ "result": result, "reason": reason }))?;
    }
    Ok(exit)
}

/// One round in a line.
fn line(plan: &RolloutPlan, round: &Round) -> String {
    let hosts = &round.hosts;
    let (good, pending, bad) = (hosts.good, hosts.pending, hosts.bad_count());
    let next = match &round.next {
        Next::Wait(why) => why.clone(),
        // How much is left changes each second.
        Next::Soak(_) => "soaking".to_owned(),
        Next::Raise(share) => format!("next {share}"),
        Next::Promote => "promoting it".to_owned(),
        Next::TakeBack(_) => "taking it back".to_owned(),
    };
    let line = format!("{} of the hosts: {good} good, {pending} pending, {bad} bad; {next}", plan.share);
    escape_hidden(&line).into_owned()
}

/// Logs what the node is after a promotion.
pub(super) fn report_promoted(path: &str, published: &Published, config: &Config) {
    info!("The candidate is the content of {path} now.");
    ld_tool::report_published(path, published, &config.zookeeper);
}

/// The check runs in another directory.
fn absolute(program: &Path) -> std::path::PathBuf {
    std::path::absolute(program).unwrap_or_else(|_| program.to_owned())
}
