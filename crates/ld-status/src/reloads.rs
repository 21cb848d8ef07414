//! What became of reloads of the configuration.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The last reload of a watcher's configuration. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Reloads {
    last: Arc<Mutex<Option<Reload>>>,
}

/// One reload.
#[derive(Debug, Clone)]
pub(crate) struct Reload {
    pub(crate) at: SystemTime,
    /// Why it changed nothing; `None` if it succeeded.
    pub(crate) error: Option<String>,
}

impl Reloads {
    /// A reload succeeded now.
    pub fn succeeded(&self) {
        self.set(None);
    }

    /// A reload changed nothing; `reason` says why.
    pub fn failed(&self, reason: &str) {
        self.set(Some(reason.to_owned()));
    }

    pub(crate) fn last(&self) -> Option<Reload> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, error: Option<String>) {
        let reload = Reload { at: SystemTime::now(), error };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reload);
    }
}
