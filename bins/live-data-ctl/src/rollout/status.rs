//! `rollout status`

use std::collections::BTreeMap;

use ld_cli::Exit;
use ld_config::counted;
use ld_fleet::RolloutState;
use ld_publish::{HostState, Rollout, candidate_hosts};
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::args::{Args, Place};
use crate::{output, with_client};

/// How many bad hosts are printed.
const MOST: usize = 20;

pub(crate) async fn run(args: &Args, place: &Place) -> Result<Exit, Exit> {
    let found = with_client(args, &place.config, async |config, client| {
        let Some(rollout) = Rollout::read(client, &config.publish, &place.path).await? else {
            return Ok(None);
        };
        let hosts = candidate_hosts(&rollout, &config.publish).await;
        Ok(Some((rollout, hosts)))
    });
    let Some((rollout, hosts)) = found.await? else {
        if args.json {
            return output::json(&Value::Null);
        }
        info!("There is no rollout of {}.", place.path);
        return Ok(Exit::Done);
    };
    let plan = rollout.plan();
    let missing = hosts.as_ref().map_or(0, |hosts| plan.hosts.saturating_sub(hosts.len()));
    let hosts = hosts.unwrap_or_else(|error| {
        warn!("{error}");
        BTreeMap::new()
    });
    let count = |state: &HostState| hosts.values().filter(|found| *found == state).count();
    let (good, delayed) = (count(&HostState::Good), count(&HostState::Delayed));
    let pending = count(&HostState::Pending) + delayed;
    let bad: BTreeMap<_, _> = hosts
        .iter()
        .filter_map(|(host, state)| match state {
            HostState::Bad(why) => Some((host.as_str(), why.as_str())),
            _ => None,
        })
        .collect();
    let state = if plan.state == RolloutState::Paused { "paused" } else { "running" };
    if args.json {
        return output::json(&json!({
            "plan": serde_json::to_value(plan).unwrap_or_default(),
            "changed": output::time(rollout.changed_at()),
            "hosts": { "good": good, "pending": pending, "bad": bad, "missing": missing },
        }));
    }
    let steps: Vec<_> = plan.steps.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        format!("{}: {state} at {} of the hosts", plan.path, plan.share),
        format!("rollout {}, started {} by {}", plan.id, plan.started, plan.author),
        format!("last change {}", output::time(rollout.changed_at())),
        format!(
            "steps {}, soak {} s, max bad {}, candidate {}",
            steps.join(","),
            plan.soak_seconds,
            plan.max_bad,
            counted(rollout.candidate().len() as u64, "byte")
        ),
        format!("{good} hosts good, {pending} pending, {} bad", bad.len()),
    ];
    if !plan.message.is_empty() {
        lines.insert(2, format!("message {}", plan.message));
    }
    if missing > 0 {
        lines.push(format!("no report from {missing} of the {} hosts that took part", plan.hosts));
    }
    lines.extend(bad.iter().take(MOST).map(|(host, why)| format!("  {host}: {why}")));
    output::lines(lines)
}
