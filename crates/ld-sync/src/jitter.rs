//! Spreading a change over a fleet: each host applies it after a random part of the node's window.

use std::time::Duration;

use tokio::time::Instant;

/// A reading that took longer than this was held up by an outage, and so were those of the other hosts.
const OUTAGE: Duration = Duration::from_secs(5);

/// When the change that the file lacks may be applied.
///
/// It is drawn once for the first state that the file lacks, and holds for all that follow until the file is right: a
/// steady stream of changes does not put it off, so that no file is stale for longer than the window.
#[derive(Debug)]
pub(crate) struct Turn {
    window: Duration,
    /// What was drawn of it.
    part: Duration,
    due: Instant,
}

impl Turn {
    /// Draws a part of `window`, every part as likely as any other.
    pub(crate) fn draw(window: Duration) -> Self {
        let part = window.mul_f64(fastrand::f64());
        Self { window, part, due: Instant::now() + part }
    }

    /// What is left to wait; zero once it has come.
    pub(crate) fn left(&self) -> Duration {
        self.due.saturating_duration_since(Instant::now())
    }

    /// What a node says of itself while it waits; the same for all states that wait for this turn.
    pub(crate) fn reason(&self) -> String {
        let Self { window, part, .. } = self;
        let part = part.as_secs_f32();
        format!(
            "a change waits {part:.1} s of the {window:?} of apply_jitter; the last file stays until then"
        )
    }
}

/// Whether a reading that was `asked` for then came after an outage. A turn that came meanwhile came on many hosts, and
/// they would all take it at once: so each of them draws again.
pub(crate) fn was_held_up(asked: Instant) -> bool {
    asked.elapsed() > OUTAGE
}
