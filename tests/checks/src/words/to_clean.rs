//! What is not yet clean.

/// Files, and directories with all below them, that may still break the rules. Remove entries only.
pub(super) const WORDS_TO_CLEAN: &[&str] = &[];
