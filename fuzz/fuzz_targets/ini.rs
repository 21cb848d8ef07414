//! `cargo fuzz run -s none ini`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::INI.fuzz(data));
