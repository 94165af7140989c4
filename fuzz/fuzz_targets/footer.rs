//! libFuzzer's entry to [`fuzz::footer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::footer(bytes));
