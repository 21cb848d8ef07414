//! `cargo fuzz run -s none signature`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::SIGNATURE.fuzz(data));
