//! Spreading a change over a fleet: each host applies it after a random part of the node's window.

use std::time::Duration;

use ld_file::Existing;
use tokio::time::Instant;

use super::task::Task;

/// A reading that took longer than this was held up by an outage, and so were those of the other
/// hosts.
const OUTAGE: Duration = Duration::from_secs(5);

/// When the change that the file lacks may be applied.
///
/// It is drawn once for the first state that the file lacks, and holds for all that follow until
/// the file is right: a steady stream of changes does not put it off, so that no file is stale for
/// longer than the window.
#[derive(Debug)]
pub(super) struct Delay {
    window: Duration,
    /// The part of the window that was drawn.
    part: Duration,
    /// When it is over.
    pub(super) due: Instant,
    /// When the node was found to need a read, if it was not read since.
    asked: Option<Instant>,
}

impl Delay {
    /// Draws a part of `window`, every part as likely as any other.
    pub(super) fn draw(window: Duration) -> Self {
        let part = window.mul_f64(fastrand::f64());
        Self { window, part, due: Instant::now() + part, asked: None }
    }

    pub(super) fn is_over(&self) -> bool {
        self.due <= Instant::now()
    }

    /// The node needs a read.
    pub(super) fn ask(&mut self) {
        self.asked.get_or_insert_with(Instant::now);
    }

    /// The node was read. Returns whether that came after an outage. A delay that ended meanwhile
    /// ended on many hosts, which would all apply the change at once: so each of them draws again.
    pub(super) fn was_held_up(&mut self) -> bool {
        self.asked.take().is_some_and(|asked| asked.elapsed() > OUTAGE)
    }

    /// The node's reason while it waits; the same for all states that wait for this delay.
    pub(super) fn reason(&self) -> String {
        let Self { window, part, .. } = self;
        let part = part.as_secs_f32();
        format!(
            "a change waits {part:.1} s of the {window:?} of apply_jitter; the last file stays until then"
        )
    }
}

impl<W> Task<W> {
    /// What becomes of the last file before a change.
    pub(super) fn existing(&self) -> Existing {
        let at_once = self.node.config.apply_jitter.is_zero()
            || self.delay.as_ref().is_some_and(|delay| delay.is_over());
        if at_once { Existing::Replace } else { Existing::Delay }
    }
}
