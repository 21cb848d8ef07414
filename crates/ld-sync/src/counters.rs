//! The counters of signatures, which only grow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counter of the signature of what was last applied, for each node that asks for signatures. A
/// program that replaces its [`Engine`](crate::Engine) hands them on, so that they hold while the
/// process lives. Cloning is cheap; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Mutex<HashMap<String, Signed>>>);

/// What a signature has said of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) hash: String,
    pub(crate) counter: u64,
}

/// A signature is not newer than that of what was applied.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its signature has the counter {counter}, and {applied} was applied already, so that it may be an old \
     content that is shown again: sign it anew, or restart the watcher to accept it"
)]
pub(crate) struct NotNewer {
    counter: u64,
    applied: u64,
}

impl Counters {
    /// Whether content may follow what was applied of the node at `path`: it is the same, or its
    /// counter is higher.
    pub(crate) fn allow(&self, path: &str, signed: &Signed) -> Result<(), NotNewer> {
        match self.lock().get(path) {
            Some(applied) if applied.hash != signed.hash && applied.counter >= signed.counter => {
                Err(NotNewer { counter: signed.counter, applied: applied.counter })
            }
            _ => Ok(()),
        }
    }

    /// Content was applied.
    pub(crate) fn keep(&self, path: &str, signed: Signed) {
        let mut counters = self.lock();
        match counters.get_mut(path) {
            Some(applied) if applied.counter >= signed.counter => {}
            Some(applied) => *applied = signed,
            None => _ = counters.insert(path.to_owned(), signed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Signed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(hash: &str, counter: u64) -> Signed {
        Signed { hash: hash.to_owned(), counter }
    }

    #[test]
    fn another_content_needs_a_higher_counter() {
        let counters = Counters::default();
        counters.keep("/a", signed("x", 5));
        for (next, allowed) in [
            (signed("y", 6), true),
            (signed("y", 5), false),
            (signed("y", 0), false),
            (signed("x", 5), true),
            (signed("x", 1), true),
        ] {
            assert_eq!(counters.allow("/a", &next).is_ok(), allowed, "{next:?}");
            assert_eq!(counters.allow("/b", &next), Ok(()));
        }
        let error = counters.allow("/a", &signed("y", 4)).unwrap_err().to_string();
        assert!(error.contains("the counter 4, and 5 was applied already"), "{error}");
    }

    #[test]
    fn an_older_signature_of_the_same_content_lowers_nothing() {
        let counters = Counters::default();
        counters.keep("/a", signed("x", 5));
        counters.keep("/a", signed("x", 1));
        assert!(counters.allow("/a", &signed("y", 5)).is_err());
        counters.keep("/a", signed("x", 9));
        assert!(counters.allow("/a", &signed("y", 9)).is_err());
    }
}
