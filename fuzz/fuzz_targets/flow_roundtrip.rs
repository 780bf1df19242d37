//! A flow out of any bytes, written and read again.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callcore_fuzz::roundtrip(bytes));
