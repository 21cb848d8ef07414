//! The least rate at which content must come.

use std::time::Duration;

/// The window over which the rate is measured.
const WINDOW: Duration = Duration::from_secs(30);

/// The least bytes a second.
const LEAST_RATE: u64 = 16 * 1024;

/// How fast content comes. Only the time that is spent waiting for the network counts: a slow disk
/// is not the server's fault.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// Notes that `bytes` came after a wait.
    ///
    /// # Errors
    ///
    /// Content has come too slowly for a whole window.
    pub(crate) fn note(&mut self, waited: Duration, bytes: usize) -> Result<(), String> {
        self.waited += waited;
        self.bytes += bytes as u64;
        if self.waited < WINDOW {
            return Ok(());
        }
        let Self { bytes, .. } = std::mem::take(self);
        if bytes < LEAST_RATE * WINDOW.as_secs() {
            let window = WINDOW.as_secs();
            return Err(format!("it came too slowly: {bytes} bytes within {window} s"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_trickle_is_refused_after_a_window() {
        let mut pace = Pace::default();
        let refused = (1..).find(|_| pace.note(SECOND, 1).is_err());
        assert_eq!(refused, Some(30));
    }

    #[test]
    fn the_least_rate_is_accepted_for_hours() {
        let mut pace = Pace::default();
        assert!((0..10_000).all(|_| pace.note(SECOND, 16 * 1024).is_ok()));
    }

    #[test]
    fn a_burst_does_not_pay_for_a_later_trickle() {
        let mut pace = Pace::default();
        assert!(pace.note(30 * SECOND, 1 << 30).is_ok());
        assert!((0..29).all(|_| pace.note(SECOND, 1).is_ok()));
        assert!(pace.note(SECOND, 1).is_err());
    }
}
