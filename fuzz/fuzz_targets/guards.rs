//! `cargo fuzz run -s none guards`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::GUARDS.fuzz(data));
