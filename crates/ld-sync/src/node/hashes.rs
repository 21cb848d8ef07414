//! The hashes of contents, which reports compare.

use std::sync::Arc;
use std::time::Duration;

use ld_blocking::{BoundedCalls, Spawner};
use ld_fleet::ContentHash;

/// Content above this is hashed on a thread: a slow processor needs more than 0.1 ms for it.
const LARGE: usize = 32 << 10;

/// Makes hashes, if they are wanted.
pub(crate) struct Hashes(Option<BoundedCalls>);

impl Hashes {
    pub(crate) fn new(wanted: bool, spawner: Spawner) -> Self {
        Self(wanted.then(|| BoundedCalls::new("hashing content", spawner, 1)))
    }

    /// The hash of `content`; `None` if none is wanted.
    pub(crate) async fn of(&self, content: &Arc<Vec<u8>>) -> Option<ContentHash> {
        let calls = self.0.as_ref()?;
        if content.len() <= LARGE {
            return Some(ContentHash::of(content));
        }
        let large = Arc::clone(content);
        // Without a thread the version alone tells contents apart.
        calls.run(Duration::MAX, move || ContentHash::of(&large)).await.ok()
    }
}
