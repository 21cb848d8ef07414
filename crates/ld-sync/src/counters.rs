//! The counters of signatures, which only grow as long as their keys are trusted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ld_sign::{PublicKey, PublicKeys};

/// The highest counter of what was applied, by each key, for each node that asks for signatures. A
/// program that replaces its [`Engine`](crate::Engine) hands them on, so that they hold while the
/// process lives. Cloning is cheap; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Mutex<HashMap<String, Vec<Signed>>>>);

/// What a signature has said of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) hash: String,
    pub(crate) counter: u64,
    pub(crate) key: PublicKey,
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
    /// counter is higher. A key that is not `trusted` any more may have been stolen, so that its
    /// counters keep nothing away.
    pub(crate) fn allow(&self, path: &str, signed: &Signed, trusted: &PublicKeys) -> Result<(), NotNewer> {
        let counters = self.lock();
        let applied =
            counters.get(path).into_iter().flatten().filter(|applied| trusted.include(&applied.key));
        match applied.max_by_key(|applied| applied.counter) {
            Some(applied) if applied.hash != signed.hash && applied.counter >= signed.counter => {
                Err(NotNewer { counter: signed.counter, applied: applied.counter })
            }
            _ => Ok(()),
        }
    }

    /// Content was applied.
    pub(crate) fn keep(&self, path: &str, signed: Signed) {
        let mut counters = self.lock();
        let of_keys = counters.entry(path.to_owned()).or_default();
        match of_keys.iter_mut().find(|applied| applied.key == signed.key) {
            Some(applied) if applied.counter >= signed.counter => {}
            Some(applied) => *applied = signed,
            None => of_keys.push(signed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Signed>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const BOB: &str = "RWTg6JXWzv6GDtDphRQ/x7eg0LaWBcTxPZ7i49xEeiqXVcR+r79OZRWM";

    fn keys(lines: &[&str]) -> PublicKeys {
        PublicKeys::parse(&lines.join("\n")).unwrap()
    }

    fn signed_by(key: &str, hash: &str, counter: u64) -> Signed {
        Signed { hash: hash.to_owned(), counter, key: keys(&[key]).iter().next().unwrap().clone() }
    }

    fn signed(hash: &str, counter: u64) -> Signed {
        signed_by(ANN, hash, counter)
    }

    #[test]
    fn another_content_needs_a_higher_counter() {
        let counters = Counters::default();
        counters.keep("/a", signed("x", 5));
        let trusted = keys(&[ANN, BOB]);
        for (next, allowed) in [
            (signed("y", 6), true),
            (signed("y", 5), false),
            (signed_by(BOB, "y", 5), false),
            (signed("y", 0), false),
            (signed("x", 5), true),
            (signed("x", 1), true),
        ] {
            assert_eq!(counters.allow("/a", &next, &trusted).is_ok(), allowed, "{next:?}");
            assert_eq!(counters.allow("/b", &next, &trusted), Ok(()));
        }
        let error = counters.allow("/a", &signed("y", 4), &trusted).unwrap_err().to_string();
        assert!(error.contains("the counter 4, and 5 was applied already"), "{error}");
    }

    #[test]
    fn an_older_signature_of_the_same_content_lowers_nothing() {
        let (counters, trusted) = (Counters::default(), keys(&[ANN]));
        counters.keep("/a", signed("x", 5));
        counters.keep("/a", signed("x", 1));
        assert!(counters.allow("/a", &signed("y", 5), &trusted).is_err());
        counters.keep("/a", signed("x", 9));
        assert!(counters.allow("/a", &signed("y", 9), &trusted).is_err());
    }

    #[test]
    fn counters_of_a_key_that_is_gone_keep_nothing_away() {
        let counters = Counters::default();
        counters.keep("/a", signed_by(BOB, "x", 5));
        counters.keep("/a", signed("evil", u64::MAX));
        let next = signed_by(BOB, "y", 6);
        assert!(counters.allow("/a", &next, &keys(&[ANN, BOB])).is_err());
        assert_eq!(counters.allow("/a", &next, &keys(&[BOB])), Ok(()));
        // What the other key has signed keeps its order.
        assert!(counters.allow("/a", &signed_by(BOB, "z", 4), &keys(&[BOB])).is_err());
    }
}
