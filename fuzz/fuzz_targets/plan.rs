//! `cargo fuzz run -s none plan`: see README.md.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ld_fuzz::PLAN.fuzz(data));
