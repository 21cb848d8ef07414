//! `cargo fuzz run -s none diff`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::DIFF.fuzz(data));
