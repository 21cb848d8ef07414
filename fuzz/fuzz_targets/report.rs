//! `cargo fuzz run -s none report`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::REPORT.fuzz(data));
