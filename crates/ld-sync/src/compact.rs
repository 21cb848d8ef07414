//! Values in the room of a number, whose absence takes no room of its own: every node has some of each.

use std::num::NonZeroU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment: the nanoseconds since 1970, one at least.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(NonZeroU64);

impl Moment {
    pub(crate) fn now() -> Self {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(
            u64::try_from(elapsed.as_nanos())
                .map_or(NonZeroU64::MAX, |nanos| NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN)),
        )
    }
}

impl From<Moment> for SystemTime {
    fn from(moment: Moment) -> Self {
        UNIX_EPOCH + Duration::from_nanos(moment.0.get())
    }
}

/// A number of bytes, kept as one more than it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes(NonZeroU64);

impl Bytes {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(bytes))
    }

    pub(crate) fn get(self) -> u64 {
        self.0.get() - 1
    }
}
