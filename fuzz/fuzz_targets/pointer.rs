//! `cargo fuzz run -s none pointer`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::POINTER.fuzz(data));
