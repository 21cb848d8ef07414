//! Where contents are hashed: for reports, for signatures, and to tell a candidate.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};

/// Content above this is hashed on a thread: a slow processor needs more than 0.1 ms for it.
const LARGE: usize = 32 << 10;

/// Makes hashes, those of large contents one at a time. Clones share the thread.
#[derive(Debug, Clone)]
pub(crate) struct Hashing(BoundedCalls);

impl Hashing {
    pub(crate) fn new(spawner: Spawner) -> Self {
        Self(BoundedCalls::new("hashing content", spawner, 1))
    }

    /// The SHA-256 of `content`, in hexadecimal digits. When it is ready, `content` has no other
    /// owner than before. Cancel-safe.
    pub(crate) async fn sha256<C>(&self, content: &Arc<C>) -> String
    where
        C: Deref<Target = [u8]> + Send + Sync + 'static,
    {
        if content.len() > LARGE {
            let large = Arc::clone(content);
            if let Ok(hash) = self.0.run(Duration::MAX, move || ld_sign::hash(&large)).await {
                return hash;
            }
            // The system refuses a thread: a pause of all tasks harms less than no hash.
        }
        ld_sign::hash(content)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    /// Keeps the thread busy until the sender is dropped.
    pub(crate) fn keep_busy(hashing: &Hashing) -> mpsc::Sender<()> {
        let (sender, receiver) = mpsc::channel::<()>();
        let busy = hashing.0.run(Duration::MAX, move || receiver.recv());
        assert!(busy.now_or_never().is_none());
        sender
    }

    #[tokio::test]
    async fn large_content_is_hashed_on_the_thread() {
        let hashing = Hashing::new(Spawner::Threads);
        let busy = keep_busy(&hashing);
        let content = |bytes: usize| Arc::new(vec![b'x'; bytes]);
        let (small, large) = (content(LARGE), content(LARGE + 1));
        assert_eq!(hashing.sha256(&small).now_or_never(), Some(ld_sign::hash(&small)));
        assert_eq!(hashing.sha256(&large).now_or_never(), None);
        drop(busy);
        assert_eq!(hashing.sha256(&large).await, ld_sign::hash(&large));
        assert!(Arc::into_inner(large).is_some(), "the thread has given its share back");
    }
}
