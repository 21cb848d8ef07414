//! How many nodes had their first outcome, on a terminal.

use std::sync::Arc;
use std::time::Duration;

use ld_sync::{Engine, State};
use tokio::time::sleep;

/// How often the nodes are counted.
const INTERVAL: Duration = Duration::from_millis(200);

/// Shows how far the first sync is until every node had its first outcome. One node needs no bar.
pub(crate) fn show(engine: Arc<Engine>) {
    if !ld_cli::shows_progress() || engine.statuses().nth(1).is_none() {
        return;
    }
    tokio::spawn(async move {
        let count = async {
            loop {
                let (mut done, mut total) = (0, 0);
                for status in engine.statuses() {
                    total += 1;
                    done += u64::from(status.state != State::Waiting);
                }
                ld_cli::show_progress(done, total);
                sleep(INTERVAL).await;
            }
        };
        tokio::select! {
            () = engine.settled() => {}
            () = count => {}
            _ = engine.ended() => {}
        }
        ld_cli::end_progress();
    });
}
