//! Proof that the content of nodes is known, which grows old.

use std::sync::Arc;
use std::time::Duration;

use ld_zk::{Confirmed, SessionKey};

/// How long a proof may take, and how old it may be when a file is touched.
pub(crate) const PROOF_LIMIT: Duration = Duration::from_secs(5);

/// Sessions that were just proved live.
#[derive(Debug, Clone)]
pub(crate) struct Proof(Arc<Confirmed>);

impl Proof {
    pub(super) fn new(confirmed: Confirmed) -> Self {
        Self(Arc::new(confirmed))
    }

    /// A node was just read in `session`.
    pub(crate) fn of_reading(session: SessionKey) -> Self {
        Self::new(Confirmed::from_iter([session]))
    }

    pub(super) fn covers(&self, session: SessionKey) -> bool {
        self.0.covers(session)
    }

    /// Whether a file may be touched now. A process that stood still (stopped, suspended) has an
    /// old proof, and so has a thread that a slow disk held up.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_fresh_after(Duration::ZERO)
    }

    /// [`is_fresh`](Self::is_fresh) as a question that a job asks right before a touch.
    pub(crate) fn for_job(&self) -> ld_file::Proof {
        let proof = self.clone();
        Arc::new(move || proof.is_fresh())
    }

    /// Whether a file may be touched after this time.
    pub(super) fn is_fresh_after(&self, pause: Duration) -> bool {
        self.0.age() + pause < PROOF_LIMIT
    }
}

impl PartialEq for Proof {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
