//! The report of this host: what the engine and the hooks say of its nodes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ld_fleet::{NodeReport, NodeState, Report, Reporter};
use ld_sync::Status;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::status_view::StatusView;

/// Changes that come within this time make one report.
const GATHER: Duration = Duration::from_millis(250);

/// Keeps the report of `host` in ZooKeeper, for as long as the engine lives. Nothing happens while
/// nothing changes.
pub async fn report_to_fleet(view: StatusView, reporter: Reporter, host: String) {
    let (sender, reports) = watch::channel(None);
    tokio::join!(follow(view, host, sender), reporter.run(reports));
}

/// Makes a report after each change of a state.
async fn follow(view: StatusView, host: String, reports: watch::Sender<Option<Arc<Report>>>) {
    let mut changes = view.engine.changes();
    let mut hooks = view.hooks.changes();
    loop {
        tokio::select! {
            more = changes.next() => if more.is_none() { return },
            Ok(()) = hooks.changed() => {}
        }
        sleep(GATHER).await;
        hooks.borrow_and_update();
        let report = report(&view, &host);
        // Most changes are heartbeats, of which the report says nothing.
        reports.send_if_modified(|last| {
            let is_new = last.as_deref() != Some(&report);
            if is_new {
                *last = Some(Arc::new(report));
            }
            is_new
        });
    }
}

fn report(view: &StatusView, host: &str) -> Report {
    let mut report = Report::new(host, view.version(), seconds(view.started()));
    report.nodes = view
        .engine
        .statuses()
        .map(|status| {
            let hook_error = view.hooks.last_error(&status.name).map(|error| view.without_secrets(&error));
            node(view.shown(status), hook_error)
        })
        .collect();
    report
}

fn node(status: Status, hook_error: Option<String>) -> NodeReport {
    let state = NodeState::from(status.state);
    let (state, reason) = match hook_error {
        Some(error) if state.is_good() => (NodeState::HookFailed, Some(error)),
        _ if state.is_good() => (state, None),
        _ => (state, status.last_error),
    };
    let mut node = NodeReport::new(status.source, state, seconds(status.since));
    (node.mzxid, node.hash, node.rollout) = (status.mzxid, status.hash, status.rollout);
    if let Some(why) = status.no_rollout {
        node = node.without_rollout(&why);
    }
    match reason {
        Some(reason) => node.because(&reason),
        None => node,
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
