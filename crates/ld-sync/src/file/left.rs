//! A file as it was left, with a trace of its content.

use std::hash::{DefaultHasher, Hasher};
use std::num::NonZeroU32;

use super::Identity;

/// Content up to this many bytes leaves a trace: finding one takes less time than opening a file.
const MOST_TRACED: usize = 4 * 1024;

/// A file as it was left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    pub(crate) identity: Identity,
    trace: Option<Trace>,
}

/// A part of a hash: contents with different ones differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trace(NonZeroU32);

impl Left {
    pub(crate) fn new(identity: Identity, content: &[u8]) -> Self {
        Self { identity, trace: Trace::of(content) }
    }

    /// Whether `found` is the same file, with something else than `content` in it for sure: it need not be read.
    pub(super) fn differs(&self, found: &Identity, content: &[u8]) -> bool {
        self.identity == *found && self.trace.is_some() && self.trace != Trace::of(content)
    }
}

impl Trace {
    fn of(content: &[u8]) -> Option<Self> {
        let hash = || {
            let mut hasher = DefaultHasher::new();
            hasher.write(content);
            // Any part of it will do.
            NonZeroU32::new(hasher.finish() as u32).unwrap_or(NonZeroU32::MIN)
        };
        (content.len() <= MOST_TRACED).then(|| Self(hash()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_content_leaves_a_trace_and_the_same_content_the_same() {
        assert_ne!(Trace::of(b"one"), Trace::of(b"two"));
        assert_eq!(Trace::of(b"one"), Trace::of(b"one"));
        assert_eq!(Trace::of(&[0; MOST_TRACED + 1]), None);
    }

    #[test]
    fn it_takes_no_more_than_an_identity_and_a_trace() {
        assert!(size_of::<Option<Left>>() <= 64, "{}", size_of::<Option<Left>>());
    }
}
