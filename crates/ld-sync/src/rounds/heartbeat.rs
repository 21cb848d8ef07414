//! The heartbeat: the mtime of a file says that the file was known at that time to hold what its
//! node holds.
//!
//! The proof is a sequence of five steps, between which no change can slip:
//!
//! 1. [`run`] asks each session for a proof. The session compares all of its nodes with what was
//!    read of them last, then makes a round trip that lets its server catch up with the leader. So
//!    every change that was made before the round trip has reached the watch of its node by now.
//! 2. [`run`] publishes the proof to the tasks of all nodes.
//! 3. A node's task looks at the proof only while it waits, so never between a read and its record.
//! 4. Now that it has the proof, the task asks the node's watch again. A change from before the
//!    proof shows here, and makes the task read the node instead. `confirmed` says that the file
//!    held what the node held when the node was read last, in a session that the proof covers.
//! 5. A thread checks that the file is as it was last written, then that the proof is still young,
//!    and sets the mtime through the descriptor that it checked. So a disk that held the thread up
//!    gets no fresh mtime.
//!
//! A change that comes after the round trip of step 1 may be missed. It is younger than
//! [`PROOF_LIMIT`].

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use ld_config::chain;
use ld_file::{Depth, Done, FileError, JobError, Work};
use ld_zk::Reservation;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use super::proof::{PROOF_LIMIT, Proof};
use super::{Rounds, ticks};
use crate::node::Task;
use crate::source::{NodeSource, Source};
use crate::status::State;

/// How long after a shortage a touch is tried again.
const SHORTAGE_PAUSE: Duration = Duration::from_secs(1);

/// Publishes a proof once an interval.
pub(crate) async fn run<S: Source>(source: Arc<S>, rounds: watch::Sender<Rounds>, interval: Duration) {
    let mut ticks = ticks(before_the_first(interval), interval);
    loop {
        ticks.tick().await;
        let proof = Proof::new(source.confirm(PROOF_LIMIT).await);
        if proof.is_fresh() {
            rounds.send_modify(|rounds| rounds.heartbeat = Some(proof));
        }
    }
}

/// The delay of the first heartbeat. It is random, since hosts that started together would ask
/// their servers together.
fn before_the_first(interval: Duration) -> Duration {
    interval.mul_f64(0.5 + 0.5 * fastrand::f64())
}

impl<W: NodeSource> Task<W> {
    /// Touches the node's file if the proof holds for it. A shortage passes by itself, so the touch
    /// is tried again while the proof is young.
    pub(crate) async fn heartbeat(&mut self, proof: &Proof) {
        let Some(session) = self.confirmed.filter(|session| proof.covers(*session)) else { return };
        let result = loop {
            if self.watch.changed().now_or_never().is_some() {
                return;
            }
            let disk = self.responsive_disk().await;
            let touch = Work::Touch(proof.for_job());
            let result = self.on_disk(&disk, touch, Reservation::default()).await;
            let lacks_means = result.as_ref().is_err_and(JobError::is_shortage);
            if !lacks_means || !proof.is_fresh_after(SHORTAGE_PAUSE) {
                break result;
            }
            // A change ends the pause, and is read next.
            if timeout(SHORTAGE_PAUSE, self.watch.changed()).await.is_ok() {
                return;
            }
        };
        let name = &self.node.config.name;
        match result {
            Ok(Done::Touched) => {
                self.confirmed = Some(session);
                if self.node.set_touched() {
                    let dest = self.node.config.dest.display();
                    info!(node = name, %dest, "nodes.{name}: '{dest}' has its heartbeat again");
                }
            }
            // The next heartbeat is soon enough, unless the file system hangs.
            Ok(_) | Err(JobError::Stalled) => {
                self.confirmed = Some(session);
                self.verify(Depth::Attributes).await;
            }
            Err(JobError::File(FileError::Drift(drift))) => self.report_drift(&drift).await,
            Err(error) => {
                // The content is right, so the next heartbeat is tried.
                self.confirmed = Some(session);
                let error = format!("no heartbeat: {}", chain(&error));
                if self.node.set_unhealthy(State::Failing, &error) {
                    let (dest, state) = (self.node.config.dest.display(), State::Failing.as_str());
                    warn!(node = name, %dest, state, error, "nodes.{name}: {error}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_start_together_do_not_beat_together() {
        let interval = Duration::from_secs(300);
        let first: Vec<_> = (0..1000).map(|_| before_the_first(interval)).collect();
        assert!(first.iter().all(|first| (interval / 2..=interval).contains(first)));
        assert!(first.iter().any(|first| *first < interval * 11 / 20));
        assert!(first.iter().any(|first| *first > interval * 19 / 20));
    }
}
