//! A length that may be unknown, in the room of a number of 32 bits: each watched node has one.

use std::num::NonZeroU32;

/// How many bytes a node had last, if it was read: one more than that.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Length(Option<NonZeroU32>);

impl Length {
    pub(crate) fn of(bytes: usize) -> Self {
        Self(NonZeroU32::new(u32::try_from(bytes).unwrap_or(u32::MAX).saturating_add(1)))
    }

    pub(crate) fn get(self) -> Option<usize> {
        self.0.map(|above| above.get() as usize - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_what_it_was() {
        assert_eq!(Length::default().get(), None);
        for bytes in [0, 1, 1 << 20] {
            assert_eq!(Length::of(bytes).get(), Some(bytes));
        }
        assert!(Length::of(usize::MAX).get() > Some(1 << 30));
    }
}
