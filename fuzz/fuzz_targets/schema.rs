//! libFuzzer's entry to [`fuzz::schema`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::schema(bytes));
