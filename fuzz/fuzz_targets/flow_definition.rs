//! A flow out of any bytes, checked and played.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callcore_fuzz::definition(bytes));
