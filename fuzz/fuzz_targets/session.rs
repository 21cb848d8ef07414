//! `cargo fuzz run -s none session`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::SESSION.fuzz(data));
