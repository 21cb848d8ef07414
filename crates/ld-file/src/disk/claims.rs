//! One file, one claimant: two paths that are one file through links would overwrite each other.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::file::{Entry, Target};

/// What a file is kept for, such as one section of a configuration. It claims its file before a job
/// writes, compares or removes it.
pub trait Claimant: fmt::Debug + Send + Sync + 'static {
    /// The file, and how it must be. The owner is that of the job.
    fn target(&self) -> Target<'_>;

    /// What the path of the file is called in messages, such as `nodes.flags.dest`.
    fn name(&self) -> String;

    /// Of two claimants of one file, the one with the lower rank gets it.
    fn rank(&self) -> usize;

    /// Another claimant has taken the file for this `reason`, and keeps it. A job that has not put
    /// the file in place yet fails. Must not block.
    fn lose_file(&self, reason: &str);
}

/// Which claimant writes which directory entry. Each has at most one entry.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    claimants: Mutex<HashMap<Entry, Arc<dyn Claimant>>>,
}

/// The directory entry that a claimant writes. It is given up when this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    claims: Arc<Claims>,
    claimant: Arc<dyn Claimant>,
    entry: Entry,
}

/// Two claimants have one file.
#[derive(Debug, thiserror::Error)]
#[error("it is the same file as {other}, through a link; give each a file of its own")]
pub struct SameFile {
    other: String,
}

impl Claims {
    /// Claims `entry`, and gives up the entry that was `claimed` before.
    ///
    /// # Errors
    ///
    /// A claimant with a lower rank has it.
    pub(crate) fn claim(
        self: &Arc<Self>,
        claimant: &Arc<dyn Claimant>,
        entry: Entry,
        claimed: &mut Option<Claim>,
    ) -> Result<(), SameFile> {
        if claimed.as_ref().is_some_and(|former| former.entry != entry) {
            *claimed = None;
        }
        let claim = claimed.get_or_insert_with(|| Claim {
            claims: Arc::clone(self),
            claimant: Arc::clone(claimant),
            entry,
        });
        claim.confirm()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Entry, Arc<dyn Claimant>>> {
        self.claimants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Takes the entry, unless a claimant with a lower rank has it.
    pub(super) fn confirm(&self) -> Result<(), SameFile> {
        let mut claimants = self.claims.lock();
        match claimants.get(&self.entry) {
            Some(other) if Arc::ptr_eq(other, &self.claimant) => return Ok(()),
            Some(other) if other.rank() < self.claimant.rank() => {
                return Err(SameFile { other: other.name() });
            }
            Some(other) => other.lose_file(&SameFile { other: self.claimant.name() }.to_string()),
            None => {}
        }
        claimants.insert(self.entry.clone(), Arc::clone(&self.claimant));
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimants = self.claims.lock();
        if claimants.get(&self.entry).is_some_and(|owner| Arc::ptr_eq(owner, &self.claimant)) {
            claimants.remove(&self.entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::file::{OpenDirectories, locate};

    #[derive(Debug)]
    struct Ranked(usize, Mutex<Option<String>>);

    impl Claimant for Ranked {
        fn target(&self) -> Target<'_> {
            Target::new(Path::new("/dest"))
        }

        fn name(&self) -> String {
            format!("number {}", self.0)
        }

        fn rank(&self) -> usize {
            self.0
        }

        fn lose_file(&self, reason: &str) {
            *self.1.lock().unwrap() = Some(reason.to_owned());
        }
    }

    #[test]
    fn of_two_claimants_the_lower_rank_gets_the_file() {
        let claims = Arc::new(Claims::default());
        let entry = || locate(Path::new("/dest"), &mut OpenDirectories::default()).unwrap();
        let [first, second] = [1, 2].map(|rank| Arc::new(Ranked(rank, Mutex::default())));
        let reason = |other| {
            format!("it is the same file as number {other}, through a link; give each a file of its own")
        };
        let (mut won, mut lost) = (None, None);
        claims.claim(&(Arc::clone(&second) as _), entry(), &mut lost).unwrap();
        claims.claim(&(Arc::clone(&first) as _), entry(), &mut won).unwrap();
        assert_eq!(*second.1.lock().unwrap(), Some(reason(1)));
        assert_eq!(lost.as_ref().unwrap().confirm().unwrap_err().to_string(), reason(1));
        won.as_ref().unwrap().confirm().unwrap();

        drop(won);
        lost.as_ref().unwrap().confirm().unwrap();
        assert_eq!(*first.1.lock().unwrap(), None);
    }
}
