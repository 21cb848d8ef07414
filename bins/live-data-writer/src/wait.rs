//! `--wait`: until the hosts have what was written.

use std::time::{Duration, Instant};

use ld_cli::Exit;
use ld_config::{Config, counted, escape_hidden, znode_path};
use ld_fleet::{Goal, Laggard, Progress, Share, Waited, wait_for};
use ld_tool::{Interrupt, failed};
use ld_zk::Client;
use tracing::{error, info, warn};

use crate::args::Args;

/// How many laggards are named. `live-data-ctl hosts` names all of them.
const NAMED: usize = 20;

/// Waits if the command line asks for it: until the hosts have what the nodes `hold`, each what it
/// was given. They may have held that before, while hosts lagged.
pub(crate) async fn wait(
    args: &Args,
    config: &Config,
    client: &Client,
    interrupt: &Interrupt,
    hold: Result<Vec<Vec<u8>>, Exit>,
) -> Result<Exit, Exit> {
    let contents = hold?;
    let (Some(share), false) = (args.wait, args.dry_run) else { return Ok(Exit::Done) };
    let waited = tokio::select! {
        biased;
        () = interrupt.asked() => {
            error!("interrupted while waiting for the hosts; the node is written");
            Err(Exit::Failed)
        }
        waited = wait_for_all(args, config, client, share, &contents) => waited,
    };
    ld_cli::end_progress();
    waited
}

async fn wait_for_all(
    args: &Args,
    config: &Config,
    client: &Client,
    share: Share,
    contents: &[Vec<u8>],
) -> Result<Exit, Exit> {
    let (mut exit, start) = (Exit::Done, Instant::now());
    for ((_, dest), content) in args.targets().zip(contents) {
        let path = znode_path(dest).unwrap_or_default();
        let left = args.wait_timeout.saturating_sub(start.elapsed());
        match wait_for_hosts(args, config, client, Goal::new(&path, content, share), left).await? {
            Exit::Done => {}
            missed => exit = missed,
        }
    }
    Ok(exit)
}

async fn wait_for_hosts(
    args: &Args,
    config: &Config,
    client: &Client,
    goal: Goal<'_>,
    limit: Duration,
) -> Result<Exit, Exit> {
    let show = |have, hosts| ld_cli::show_progress_of_hosts(have as u64, hosts as u64);
    let waited = wait_for(client, &config.publish, &goal, limit, show).await.map_err(failed)?;
    ld_cli::end_progress();
    Ok(report(waited, goal.share, args.wait_timeout, goal.path))
}

fn report(waited: Waited, share: Share, limit: Duration, path: &str) -> Exit {
    let (progress, why) = match waited {
        Waited::Reached(progress) => {
            info!("{} of {} have it.", progress.have, counted(progress.hosts as u64, "host"));
            name(&progress);
            return Exit::Done;
        }
        Waited::NoHosts { cut_off: 0 } => {
            error!("no host reports {path}: set fleet.report = true for its watchers");
            return Exit::Missed;
        }
        Waited::NoHosts { cut_off } => {
            let reports = counted(cut_off as u64, "report");
            error!("no host reports {path}, and {reports} had no room for all nodes");
            return Exit::Missed;
        }
        Waited::Unreadable { reports, cause } => {
            let reports = counted(reports as u64, "report");
            error!("no host reports {path}, and {reports} cannot be read: {cause}");
            return Exit::Missed;
        }
        Waited::Overtaken(progress) => (progress, "the node was given other content meanwhile".to_owned()),
        Waited::Late(progress) => (progress, format!("{share} were not reached within {limit:?}")),
        _ => return Exit::Missed,
    };
    error!("{} of {} have it: {why}", progress.have, counted(progress.hosts as u64, "host"));
    name(&progress);
    Exit::Missed
}

fn name(Progress { laggards, unreadable, cut_off, .. }: &Progress) {
    for Laggard { host, standing, why, .. } in laggards.iter().take(NAMED) {
        warn!("{host}: {}: {}", standing.as_str(), escape_hidden(why));
    }
    if laggards.len() > NAMED {
        warn!("and {} more: see live-data-ctl hosts", laggards.len() - NAMED);
    }
    if *unreadable > 0 {
        let reports = counted(*unreadable as u64, "report");
        warn!("{reports} cannot be read, and their hosts do not count: see live-data-ctl hosts");
    }
    if *cut_off > 0 {
        let reports = counted(*cut_off as u64, "report");
        warn!("{reports} had no room for all nodes, and their hosts do not count: see live-data-ctl hosts");
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::args::Args;

    #[test]
    fn a_share_to_wait_for_is_above_nothing_and_at_most_all() {
        let parse = |share| Args::try_parse_from(["writer", "--wait", share, "CONFIG", "SOURCE", "/dest"]);
        for (text, shown) in [("99%", "99%"), ("99.5%", "99.5%"), ("100%", "100%"), ("0.1%", "0.1%")] {
            assert_eq!(parse(text).unwrap().wait.unwrap().to_string(), shown);
        }
        for text in ["99", "0%", "101%", "-1%", "%", "nan%", "inf%"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
