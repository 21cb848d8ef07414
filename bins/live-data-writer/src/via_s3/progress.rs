//! How far an upload is: a bar on a terminal, and a line now and then elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::interval;
use tracing::info;

/// How often the bar is drawn.
const DRAW_INTERVAL: Duration = Duration::from_millis(200);

/// How often a line is written.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Does `work`, and shows meanwhile how many bytes of `total` were sent.
pub(super) async fn follow<T>(sent: &Arc<AtomicU64>, total: u64, work: impl Future<Output = T>) -> T {
    let has_bar = ld_cli::shows_progress();
    let show = async {
        let mut ticks = interval(if has_bar { DRAW_INTERVAL } else { LINE_INTERVAL });
        // The first one comes at once.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let sent = sent.load(Ordering::Relaxed);
            if has_bar {
                ld_cli::show_progress_in_bytes(sent, total);
            } else {
                info!("Uploading: {} of {} MiB", sent >> 20, total.div_ceil(1 << 20));
            }
        }
    };
    let done = tokio::select! {
        done = work => done,
        () = show => unreachable!("it shows without end"),
    };
    ld_cli::end_progress();
    done
}
