//! `cargo fuzz run -s none secrets`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::SECRETS.fuzz(data));
