//! What a bidder answers, out of any bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callcore_fuzz::bid_response(bytes));
