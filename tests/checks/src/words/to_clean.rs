//! What is not yet clean.

/// Files, and directories with all below them, that may still break the rules. Remove entries only.
pub(super) const WORDS_TO_CLEAN: &[&str] = &[
    "README.md",
    "tests/bench",
    "tests/chaos",
    "tests/demo",
    "tests/floor",
    "bins/live-data-watcher",
    "bins/live-data-writer",
    "crates/ld-blocking",
    "crates/ld-cli",
    "crates/ld-config",
    "crates/ld-filewatch",
    "crates/ld-sync",
    "crates/ld-zk",
    "docs/benchmarks.md",
    "docs/chaos.md",
    "docs/decisions",
    "docs/filewatch.md",
    "docs/guards.md",
    "docs/scale.md",
    "docs/security.md",
    "fuzz",
];
