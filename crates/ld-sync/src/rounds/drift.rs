//! The search for drift: files that another process changed.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use ld_config::OnDrift;
use ld_file::{Depth, Done, Drift, FileError, JobError, Work};
use ld_zk::Reservation;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::warn;

use super::{Rounds, ticks};
use crate::node::{DRIFT_STAYS, Shared, Task};
use crate::source::NodeSource;
use crate::status::State;

/// This many repairs, each within [`REPEAT_WINDOW`] of the one before, make a second watcher
/// likely.
const SUSPICIOUS_REPAIRS: u32 = 3;

/// A second watcher may look less often than this one. Then the file is found right several times
/// between two repairs.
pub(crate) const REPEAT_WINDOW: Duration = Duration::from_secs(3_600);

/// Begins a search once an interval.
pub(crate) async fn run(shared: Arc<Shared>, rounds: watch::Sender<Rounds>, interval: Duration) {
    let mut ticks = ticks(interval, interval);
    loop {
        ticks.tick().await;
        shared.disks.reread_mounts();
        rounds.send_modify(|rounds| rounds.drift += 1);
    }
}

/// Begins a comparison of contents once an interval, unless that is zero.
pub(crate) async fn compare_contents(rounds: watch::Sender<Rounds>, interval: Duration) {
    if interval.is_zero() {
        return pending().await;
    }
    let mut ticks = ticks(interval, interval);
    loop {
        ticks.tick().await;
        rounds.send_modify(|rounds| rounds.contents += 1);
    }
}

impl<W: NodeSource> Task<W> {
    /// Does this task's part of the rounds that have begun.
    pub(crate) async fn take_part_in_rounds(&mut self) {
        let rounds = self.rounds.borrow_and_update().clone();
        let seen = std::mem::replace(&mut self.seen, rounds.clone());
        if let Some(proof) = rounds.heartbeat.filter(|proof| seen.heartbeat.as_ref() != Some(proof)) {
            self.heartbeat(&proof).await;
        }
        let depth = if rounds.contents == seen.contents { Depth::Attributes } else { Depth::Content };
        if rounds.drift != seen.drift || depth == Depth::Content {
            self.search_for_drift(depth).await;
        }
    }

    async fn search_for_drift(&mut self, depth: Depth) {
        match self.node.state() {
            // It may have been put right by hand.
            State::Drifted => self.read_again(),
            State::Delayed => self.write_at_once_if_missing().await,
            _ => self.verify(depth).await,
        }
    }

    /// Compares the file with what was last written. If the file system hangs, it waits for an
    /// answer.
    pub(crate) async fn verify(&mut self, depth: Depth) {
        let Some(session) = self.confirmed else { return };
        self.hang_reported = false;
        let result = loop {
            let disk = self.responsive_disk().await;
            match self.on_disk(&disk, Work::Verify(depth), Reservation::default()).await {
                Err(JobError::Stalled) => {}
                result => break result,
            }
        };
        if let Err(JobError::File(FileError::Drift(drift))) = result {
            return self.report_drift(&drift).await;
        }
        // A file that cannot be looked at is reported by the heartbeat.
        self.confirmed = Some(session);
        if matches!(result, Ok(Done::Verified)) && self.hang_reported {
            self.node.set_responsive();
        }
    }

    /// Applies a delayed change at once if the file is missing.
    async fn write_at_once_if_missing(&mut self) {
        let disk = self.responsive_disk().await;
        if matches!(self.on_disk(&disk, Work::Exists, Reservation::default()).await, Ok(Done::Missing)) {
            self.read_again();
        }
    }

    /// Reports what was found in place of the file, and has it restored unless `drift = report`.
    pub(crate) async fn report_drift(&mut self, drift: &Drift) {
        // Until the file is restored it gets no heartbeat.
        self.confirmed = None;
        match self.node.config.drift {
            OnDrift::Report => {
                if self.node.set_unhealthy(State::Drifted, DRIFT_STAYS) {
                    let (name, dest) = (&self.node.config.name, self.node.config.dest.display());
                    let state = State::Drifted.as_str();
                    warn!(node = name, %dest, state, "nodes.{name}: '{dest}': {DRIFT_STAYS}: {drift}");
                }
            }
            _ => {
                let now = Instant::now();
                let recent = self.repairs.filter(|(_, last)| now - *last <= REPEAT_WINDOW);
                let repairs = recent.map_or(1, |(repairs, _)| repairs + 1);
                self.repairs = Some((repairs, now));
                self.node.count_repair();
                let mut hint = String::new();
                if repairs >= SUSPICIOUS_REPAIRS {
                    let suspicion = self.shared.rivals.suspicion().await;
                    hint = format!("; this repeats: {suspicion}");
                    self.node.suspect(suspicion);
                }
                let (name, dest) = (&self.node.config.name, self.node.config.dest.display());
                warn!(
                    node = name, %dest,
                    "nodes.{name}: another process changed '{dest}': {drift}; restoring it{hint}"
                );
                self.read_again();
            }
        }
    }
}
